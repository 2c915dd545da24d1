"""What breaks each check of what a checkout writes: settings, carts, quotes, usage, payment entries, cycles."""

COUNTS = {f"store_counter_{column}_check": f"{column} = -1" for column in ("last_order_number", "month_order_count")}
AMOUNTS = {f"quote_{part}_amount_check": f"{part}_amount = -1"
           for part in ("subtotal", "discount", "shipping", "tax", "total")}
MINUTES = {f"selling_settings_{kind}_minutes_check": f"{kind}_minutes = 0"
           for kind in ("quote", "reservation", "unpaid")}

CASES: dict[str, str] = {
    **COUNTS, **AMOUNTS, **MINUTES,
    "selling_settings_order_number_prefix_check": "order_number_prefix = 'no spaces'",
    "selling_settings_promotion_mode_check": "promotion_mode = 'magic'",
    "selling_settings_rate_source_check": "rate_source = ''",
    "idempotency_record_body_hash_check": "body_hash = 'short'",
    "idempotency_record_check": "response_status = 201",
    "idempotency_record_check1": "expires_at = created_at",
    "idempotency_record_key_check": "key = ''",
    "idempotency_record_status_check": "status = 'magic'",
    "tax_rate_country_check": "country = 'de'",
    "tax_rate_name_check": "name = ''",
    "tax_rate_rate_check": "rate = 1.1",
    "tax_rate_region_check": "region = ''",
    "tax_rate_tax_class_check": "tax_class = 'No'",
    "promotion_usage_check": "promotion_rule_id = NULL",
    "promotion_usage_check1": "used_count = usage_limit + 1",
    "promotion_usage_usage_limit_check": "usage_limit = -1",
    "promotion_usage_used_count_check": "used_count = -1",
    "applied_promotion_gross_amount_check": "gross_amount = amount - 1",
    "cart_codes_check": "codes = ARRAY['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']",
    "cart_currency_check": "currency = 'usd'",
    "cart_status_check": "status = 'magic'",
    "cart_visitor_id_check": "visitor_id = ''",
    "cart_item_check": "variant_id = NULL",
    "cart_item_quantity_check": "quantity = 0",
    "quote_check": "expires_at = priced_at",
    "quote_check1": "total_amount = total_amount + 1",
    "quote_currency_check": "currency = 'usd'",
    "orders_shipping_parts_check": "shipping_tax_amount = -1",
    "orders_reporting_factor_check": "reporting_factor = -1",
    "order_items_uncollected_check": "uncollected_quantity = cancelled_quantity + 1",
    "payment_entry_amount_check": "amount = -1",
    "payment_entry_external_ref_check": "external_ref = ''",
    "payment_entry_kind_check": "kind = 'magic'",
    "shipment_event_external_ref_check": "external_ref = ''",
    "shipment_event_name_check": "name = 'magic'",
    "subscription_cycle_attempt_count_check": "attempt_count = -1",
    "subscription_cycle_check": "period_ends_at = period_started_at",
    "subscription_cycle_check1": "billed_at = now()",
    "subscription_cycle_status_check": "status = 'magic'",
}
