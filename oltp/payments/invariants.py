"""What must hold of money at all times, as SQL whose rows are offenders."""

INVARIANTS: dict[str, str] = {
    "captured_follows_the_entries": """
        SELECT a.store_id, a.id AS payment_attempt_id, a.captured_amount,
               least(a.amount, greatest(e.captured, e.refunded + greatest(0, e.lost))) AS expected
        FROM payment_attempt a CROSS JOIN LATERAL (
          SELECT coalesce(sum(amount) FILTER (WHERE kind = 'captured'), 0) AS captured,
                 coalesce(sum(amount) FILTER (WHERE kind = 'refunded'), 0) AS refunded,
                 coalesce(sum(amount) FILTER (WHERE kind = 'charged_back'), 0)
                   - coalesce(sum(amount) FILTER (WHERE kind = 'charge_back_reversed'), 0) AS lost
          FROM payment_entry e WHERE e.store_id = a.store_id AND e.payment_attempt_id = a.id) e
        WHERE a.captured_amount <> least(a.amount, greatest(e.captured, e.refunded + greatest(0, e.lost)))""",
    "authorized_follows_the_entries": """
        SELECT a.store_id, a.id AS payment_attempt_id, a.authorized_amount, e.authorized
        FROM payment_attempt a CROSS JOIN LATERAL (
          SELECT coalesce(sum(amount) FILTER (WHERE kind = 'authorized'), 0) AS authorized
          FROM payment_entry e WHERE e.store_id = a.store_id AND e.payment_attempt_id = a.id) e
        WHERE a.authorized_amount <> least(a.amount, greatest(e.authorized, a.captured_amount))""",
    "refunded_is_the_sum_of_its_refunds": """
        SELECT a.store_id, a.id AS payment_attempt_id, a.refunded_amount, coalesce(r.total, 0) AS refunds
        FROM payment_attempt a LEFT JOIN (
          SELECT store_id, payment_attempt_id, sum(amount) AS total FROM refund
          WHERE status <> 'failed' AND payment_attempt_id IS NOT NULL GROUP BY 1, 2) r
          ON r.store_id = a.store_id AND r.payment_attempt_id = a.id
        WHERE a.refunded_amount <> coalesce(r.total, 0)""",
    "processed_refunds_are_in_the_entries": """
        SELECT r.store_id, r.id AS refund_id, r.amount FROM refund r
        WHERE r.status = 'processed' AND r.payment_attempt_id IS NOT NULL AND NOT EXISTS (
          SELECT FROM payment_entry e WHERE e.store_id = r.store_id AND e.payment_attempt_id = r.payment_attempt_id
            AND e.kind = 'refunded' AND e.external_ref = r.external_ref)""",
    "refund_is_the_sum_of_its_items": """
        SELECT r.store_id, r.id AS refund_id, r.amount, i.total
        FROM refund r JOIN (SELECT store_id, refund_id, sum(amount) AS total FROM refund_item GROUP BY 1, 2) i
          ON i.store_id = r.store_id AND i.refund_id = r.id
        WHERE r.amount <> i.total""",
    "nothing_was_said_beyond_the_amount": """
        SELECT a.store_id, a.id AS payment_attempt_id, a.amount, sum(e.amount) AS captured
        FROM payment_attempt a JOIN payment_entry e ON e.store_id = a.store_id AND e.payment_attempt_id = a.id
        WHERE e.kind = 'captured' GROUP BY a.store_id, a.id, a.amount HAVING sum(e.amount) > a.amount""",
    "refunded_units_are_those_of_its_refunds": """
        SELECT l.store_id, l.id AS order_item_id, l.refunded_quantity, coalesce(t.total, 0) AS refunds
        FROM order_items l LEFT JOIN (
          SELECT i.store_id, i.order_item_id, sum(i.quantity) AS total
          FROM refund_item i JOIN refund r ON r.store_id = i.store_id AND r.id = i.refund_id
          WHERE r.status <> 'failed' AND i.kind = 'item' GROUP BY 1, 2) t
          ON t.store_id = l.store_id AND t.order_item_id = l.id
        WHERE l.refunded_quantity <> coalesce(t.total, 0)""",
    "refunds_without_an_attempt_stay_within_the_order": """
        SELECT o.store_id, o.id AS order_id, o.order_total_amount, r.total
        FROM orders o JOIN (
          SELECT store_id, order_id, sum(amount) AS total FROM refund
          WHERE status <> 'failed' AND payment_attempt_id IS NULL GROUP BY 1, 2) r
          ON r.store_id = o.store_id AND r.order_id = o.id
        WHERE r.total > greatest(o.order_total_amount, 0)""",
}
