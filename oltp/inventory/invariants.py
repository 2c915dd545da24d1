"""What must hold of stock at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "level_is_the_sum_of_its_adjustments": """
        SELECT l.store_id, l.variant_id, l.on_hand, coalesce(a.total, 0) AS ledger
        FROM inventory_level l LEFT JOIN (
          SELECT store_id, variant_id, sum(delta) AS total FROM inventory_adjustment GROUP BY 1, 2) a
          ON a.store_id = l.store_id AND a.variant_id = l.variant_id
        WHERE l.on_hand <> coalesce(a.total, 0)""",
    "reserved_is_the_sum_of_its_reservations": """
        SELECT l.store_id, l.variant_id, l.reserved, coalesce(r.total, 0) AS reservations
        FROM inventory_level l LEFT JOIN (
          SELECT store_id, variant_id, sum(quantity) AS total FROM stock_reservation GROUP BY 1, 2) r
          ON r.store_id = l.store_id AND r.variant_id = l.variant_id
        WHERE l.reserved <> coalesce(r.total, 0)""",
    "no_more_is_promised_than_there_is": """
        SELECT l.store_id, l.variant_id, l.on_hand, l.reserved FROM inventory_level l
        WHERE l.is_tracked AND l.reserved > l.on_hand::bigint + l.backorder_limit + l.legacy_shortage""",
    "every_variant_has_a_level": """
        SELECT v.store_id, v.id AS variant_id FROM product_variants v
        WHERE capability_reached(v.store_id, 'inventory', 'read_new') AND NOT EXISTS (
          SELECT FROM inventory_level l WHERE l.store_id = v.store_id AND l.variant_id = v.id)""",
}
