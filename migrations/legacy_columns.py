"""What an adopted database still has beside the models: triggers own it, and `alembic check` passes over it.

The contract removes it all; until then these lists say exactly what is left.
"""

LEGACY_COLUMNS: frozenset[tuple[str, str]] = frozenset(
    {
        ("products", "price"),
        ("products", "compare_at_price"),
        ("products", "cost_price"),
        ("products", "images"),
        ("products", "inventory_qty"),
        ("products", "inventory_status"),
        ("product_variants", "price"),
        ("product_variants", "compare_at_price"),
        ("product_variants", "inventory_qty"),
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

LEGACY_INDEXES: frozenset[str] = frozenset(
    {
        "audit_logs_entity_type_entity_id_created_at_idx",
        "audit_logs_user_id_created_at_idx",
        "categories_parent_id_sort_order_idx",
        "customers_store_id_email_idx",
        "customers_store_id_user_id_idx",
        "inventory_logs_product_id_created_at_idx",
        "inventory_logs_user_id_created_at_idx",
        "order_items_order_id_idx",
        "order_items_product_id_idx",
        "orders_order_number_idx",
        "orders_payment_status_idx",
        "orders_store_id_customer_id_idx",
        "orders_store_id_status_idx",
        "product_attribute_values_product_id_attribute_id_idx",
        "product_attributes_name_idx",
        "product_attributes_store_id_idx",
        "product_variants_product_id_idx",
        "product_variants_product_id_is_default_idx",
        "products_brand_id_status_idx",
        "products_category_id_status_idx",
        "products_store_id_status_idx",
        "reviews_customer_id_created_at_idx",
        "reviews_product_id_is_approved_created_at_idx",
        "stores_slug_idx",
    }
)
