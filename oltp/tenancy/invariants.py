"""What must hold of stores at all times, as SQL whose rows are offenders. Run as a role that sees every store."""

INVARIANTS: dict[str, str] = {
    # Orders that checkout has made: imported ones may be ahead, and the counter passes them when it comes to them.
    "the_counter_is_not_behind_the_orders_it_has_numbered": """
        SELECT s.id AS store_id, o.id AS entity_id, o.order_number, c.last_order_number
        FROM stores s LEFT JOIN store_counter c ON c.store_id = s.id
        LEFT JOIN selling_settings g ON g.store_id = s.id
        CROSS JOIN LATERAL (SELECT coalesce(g.order_number_prefix, 'ORD-') AS prefix) p
        JOIN orders o ON o.store_id = s.id AND o.quote_id IS NOT NULL
          AND o.order_number ~ ('^' || p.prefix || '[0-9]{1,15}$')
        WHERE CAST(substr(o.order_number, length(p.prefix) + 1) AS bigint) > coalesce(c.last_order_number, 0)""",
}
