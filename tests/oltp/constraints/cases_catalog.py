"""What breaks each check of the rooms that offer: catalog, merchandising, inventory, shipping, search."""

CURRENCY = {f"{table}_currency_check": "currency = 'usd'" for table in (
    "products", "product_variants", "product_bundle", "shipping_rate")}
TRANSLATIONS = {f"{owner}_translation_{name}_check": broken for owner in ("product", "category", "brand")
                for name, broken in (("locale", "locale = 'English'"), ("name", "name = ''"), ("slug", "slug = 'a b'"))}

CASES: dict[str, str] = {
    **CURRENCY,
    **TRANSLATIONS,
    "product_image_alt_check": "alt = repeat('x', 1001)",
    "product_image_position_check": "position = -1",
    "product_image_url_check": "url = ''",
    "collection_check": "kind = 'rule'",
    "collection_kind_check": "kind = 'magic'",
    "collection_name_check": "name = ''",
    "collection_slug_check": "slug = 'Not a slug'",
    "collection_product_position_check": "position = -1",
    "product_bundle_amount_check": "amount = -1",
    "product_bundle_check": "amount = 1",
    "product_bundle_check1": "currency = 'USD'",
    "product_bundle_check2": "discount_percent = 5",
    "product_bundle_discount_percent_check": "discount_percent = 0",
    "product_bundle_name_check": "name = ''",
    "product_bundle_pricing_check": "pricing = 'magic'",
    "product_bundle_slug_check": "slug = 'Not a slug'",
    "bundle_item_quantity_check": "quantity = 0",
    "inventory_level_available_check": "reserved = on_hand + backorder_limit + 1",
    "inventory_level_backorder_limit_check": "backorder_limit = -1",
    "inventory_level_reserved_check": "reserved = -1",
    "inventory_adjustment_delta_check": "delta = 0",
    "inventory_adjustment_reason_code_check": "reason_code = 'magic'",
    "stock_reservation_check": "expires_at = created_at",
    "stock_reservation_quantity_check": "quantity = 0",
    "shipping_profile_name_check": "name = ''",
    "shipping_rate_amount_check": "amount = -1",
    "shipping_rate_band_from_check": "band_from = -1",
    "shipping_rate_basis_check": "basis = 'colour'",
    "shipping_rate_check": "band_to = band_from",
    "shipping_rate_check1": "least_days = 2, most_days = 1",
    "shipping_rate_check2": "region = 'CA'",
    "shipping_rate_country_check": "country = 'usa'",
    "shipping_rate_least_days_check": "least_days = -1",
    "shipping_rate_name_check": "name = ''",
    "embedding_model_dimensions_check": "dimensions = 0",
    "embedding_model_status_check": "status = 'magic'",
    "store_shard_shard_check": "shard = -1",
    "product_embedding_check": "dimensions = 4",
}
