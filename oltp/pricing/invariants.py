"""What must always hold of prices: named SQL whose rows are offenders. Run as a role that sees every store."""

INVARIANTS: dict[str, str] = {
    # Within a minute of a window's beginning or end it may be so; see oltp/pricing/tasks.py. A product whose price has
    # ended keeps the last one: it must have one, and a variant inherits it.
    "list_price_is_the_window_that_holds": """
        SELECT s.id AS store_id, coalesce(d.variant, d.product) AS entity_id, d.list_amount, d.row_amount
        FROM stores s CROSS JOIN LATERAL stale_list_prices(s.id) d
        WHERE capability_reached(s.id, 'pricing', 'dual') AND (d.variant IS NOT NULL OR d.row_amount IS NOT NULL)""",
    "windows_of_a_key_do_not_overlap": """
        SELECT a.store_id, a.id AS entity_id, b.id AS other_id FROM product_price a JOIN product_price b
          ON b.store_id = a.store_id AND (b.product_id = a.product_id OR b.variant_id = a.variant_id)
          AND b.currency = a.currency AND b.segment_id IS NOT DISTINCT FROM a.segment_id
          AND b.min_quantity = a.min_quantity AND b.id > a.id AND b.during && a.during""",
    # Beyond it the numbers of JSON, and legacy's, are no longer exact.
    "prices_are_exact_everywhere": """
        SELECT store_id, id AS entity_id, amount, compare_at_amount FROM product_price
        WHERE greatest(amount, compare_at_amount) > 9007199254740992""",
    # Addresses are compared with them in capitals.
    "tax_regions_are_kept_once": """
        SELECT a.store_id, a.id AS entity_id, b.id AS other_id FROM tax_rate a JOIN tax_rate b
          ON b.store_id = a.store_id AND b.country = a.country AND upper(b.region) = upper(a.region)
          AND b.tax_class = a.tax_class AND b.id > a.id""",
    "rates_are_of_days_that_have_been": """
        SELECT CAST(NULL AS uuid) AS store_id, CAST(NULL AS uuid) AS entity_id, source, base, quote, rated_on
        FROM currency_rate WHERE rated_on > CAST(recorded_at AT TIME ZONE 'UTC' AS date) + 1""",
}
