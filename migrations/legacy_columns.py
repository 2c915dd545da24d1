"""Legacy columns that no model maps: triggers own them, and `alembic check` passes over them.

The contract migration removes them; until then this list says exactly what is left.
"""

LEGACY_COLUMNS: frozenset[tuple[str, str]] = frozenset(
    {
        ("products", "price"),
        ("products", "compare_at_price"),
        ("products", "cost_price"),
        ("product_variants", "price"),
        ("product_variants", "compare_at_price"),
        ("orders", "subtotal"),
        ("orders", "tax_amount"),
        ("orders", "shipping_amount"),
        ("orders", "discount_amount"),
        ("orders", "total_amount"),
        ("order_items", "price"),
        ("order_items", "subtotal"),
        ("order_items", "tax_amount"),
        ("order_items", "discount_amount"),
        ("order_items", "total_amount"),
        ("customers", "total_spent"),
        ("customers", "average_order_value"),
    }
)
