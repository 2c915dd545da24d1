"""What must hold of returns at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "returned_is_the_sum_of_live_returns": """
        SELECT i.store_id, i.id AS entity_id, i.order_id, i.returned_quantity, coalesce(r.total, 0) AS items
        FROM order_items i LEFT JOIN (
          SELECT t.store_id, t.order_item_id, sum(t.quantity) AS total
          FROM return_item t JOIN return_request r ON r.store_id = t.store_id AND r.id = t.return_request_id
          WHERE r.status <> 'rejected' GROUP BY 1, 2) r ON r.store_id = i.store_id AND r.order_item_id = i.id
        WHERE i.returned_quantity <> coalesce(r.total, 0)""",
    "never_more_returned_than_fulfilled": """
        SELECT store_id, id AS entity_id, order_id, fulfilled_quantity, returned_quantity FROM order_items
        WHERE returned_quantity > fulfilled_quantity""",
    "what_was_inspected_has_an_outcome": """
        SELECT r.store_id, r.id AS entity_id, t.id AS return_item_id, r.status
        FROM return_request r JOIN return_item t ON t.store_id = r.store_id AND t.return_request_id = r.id
        WHERE r.status IN ('inspected', 'refunded') AND t.outcome IS NULL""",
}
