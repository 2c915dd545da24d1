"""What must hold of fulfilments at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "fulfilled_is_the_sum_of_live_fulfilments": """
        SELECT i.store_id, i.id AS entity_id, i.order_id, i.fulfilled_quantity, coalesce(f.total, 0) AS items
        FROM order_items i LEFT JOIN (
          SELECT t.store_id, t.order_item_id, sum(t.quantity) AS total
          FROM fulfillment_item t JOIN fulfillment f ON f.store_id = t.store_id AND f.id = t.fulfillment_id
          WHERE f.status <> 'canceled' GROUP BY 1, 2) f ON f.store_id = i.store_id AND f.order_item_id = i.id
        WHERE i.fulfilled_quantity <> coalesce(f.total, 0)""",
    "never_more_fulfilled_than_ordered": """
        SELECT store_id, id AS entity_id, order_id, quantity, cancelled_quantity, fulfilled_quantity FROM order_items
        WHERE fulfilled_quantity > greatest(quantity, 0) - cancelled_quantity""",
    "a_parcel_is_where_its_reports_say": """
        SELECT s.store_id, s.id AS entity_id, s.status, r.name AS reported
        FROM shipment s JOIN LATERAL (
          SELECT name FROM shipment_event e WHERE e.store_id = s.store_id AND e.shipment_id = s.id
          ORDER BY occurred_at DESC, array_position(ARRAY['label_created', 'canceled', 'in_transit',
            'out_for_delivery', 'exception', 'delivered', 'returned'], name) DESC LIMIT 1) r ON true
        WHERE s.status <> r.name AND NOT (s.status IN ('delivered', 'returned') AND EXISTS (
          SELECT FROM shipment_event e
          WHERE e.store_id = s.store_id AND e.shipment_id = s.id AND e.name = s.status))""",
}
