"""What must always hold of orders that checkout has placed: named SQL whose rows are offenders.

Imported and legacy orders are as their makers wrote them; those that checkout placed have a quote.
"""

_PLACED = "o.quote_id IS NOT NULL"
INVARIANTS: dict[str, str] = {
    "totals_add_up": f"""
        SELECT o.store_id, o.id AS entity_id, o.order_number, o.order_total_amount FROM orders o
        WHERE {_PLACED} AND (
          o.order_subtotal_amount - o.order_discount_amount + o.order_shipping_amount + o.order_tax_amount
            <> o.order_total_amount
          OR least(o.order_subtotal_amount, o.order_discount_amount, o.order_shipping_amount, o.order_tax_amount,
                   o.order_total_amount, o.shipping_tax_amount) < 0)""",
    "lines_add_up": f"""
        SELECT o.store_id, o.id AS entity_id, i.ordinal, i.line_total_amount
        FROM orders o JOIN order_items i ON i.store_id = o.store_id AND i.order_id = o.id
        WHERE {_PLACED} AND (
          i.line_subtotal_amount - i.line_discount_amount + i.line_tax_amount <> i.line_total_amount
          OR least(i.line_subtotal_amount, i.line_discount_amount, i.line_tax_amount, i.line_total_amount) < 0
          OR i.quantity < 1 OR i.currency <> o.currency)""",
    "order_is_the_sum_of_its_lines": f"""
        SELECT o.store_id, o.id AS entity_id, o.order_number, s.subtotal AS lines_subtotal, s.tax AS lines_tax
        FROM orders o CROSS JOIN LATERAL (
          SELECT coalesce(sum(i.line_subtotal_amount), 0) AS subtotal,
                 coalesce(sum(i.line_discount_amount), 0) AS discount, coalesce(sum(i.line_tax_amount), 0) AS tax
          FROM order_items i WHERE i.store_id = o.store_id AND i.order_id = o.id) s
        WHERE {_PLACED} AND (s.subtotal <> o.order_subtotal_amount OR s.discount <> o.order_discount_amount
          OR s.tax + o.shipping_tax_amount <> o.order_tax_amount)""",
    # Whether or not their uses were given back: what was taken off stays taken off.
    "applied_promotions_are_the_discount": f"""
        SELECT o.store_id, o.id AS entity_id, o.order_number, s.lines, s.shipping
        FROM orders o CROSS JOIN LATERAL (
          SELECT coalesce(sum(a.amount) FILTER (WHERE a.target = 'line'), 0) AS lines,
                 coalesce(sum(a.amount) FILTER (WHERE a.target = 'shipping'), 0) AS shipping
          FROM applied_promotion a WHERE a.store_id = o.store_id AND a.order_id = o.id) s
        WHERE {_PLACED} AND (s.lines <> o.order_discount_amount OR s.shipping <> o.shipping_discount_amount)""",
    "order_is_what_was_quoted": """
        SELECT o.store_id, o.id AS entity_id, o.order_number, q.total_amount AS quoted_amount
        FROM orders o JOIN quote q ON q.store_id = o.store_id AND q.id = o.quote_id
        WHERE (o.order_total_amount, o.order_tax_amount, o.order_shipping_amount, o.currency)
          <> (q.total_amount, q.tax_amount, q.shipping_amount, q.currency)""",
    # Cash on delivery is PROCESSING while unpaid; PAID means that all of it was captured.
    "a_paid_order_has_its_money": f"""
        SELECT o.store_id, o.id AS entity_id, o.order_number, s.captured
        FROM orders o CROSS JOIN LATERAL (
          SELECT coalesce(sum(p.captured_amount), 0) AS captured FROM payment_attempt p
          WHERE p.store_id = o.store_id AND p.order_id = o.id) s
        WHERE {_PLACED} AND o.status = 'PAID' AND s.captured < o.order_total_amount - (
          SELECT coalesce(sum(i.line_total_amount / i.quantity * i.uncollected_quantity
                              + least(i.uncollected_quantity, i.line_total_amount % i.quantity)), 0)
          FROM order_items i WHERE i.store_id = o.store_id AND i.order_id = o.id AND i.quantity > 0)""",
    "an_unpaid_order_has_no_money": f"""
        SELECT DISTINCT o.store_id, o.id AS entity_id, o.order_number, p.captured_amount
        FROM orders o JOIN payment_attempt p ON p.store_id = o.store_id AND p.order_id = o.id
        WHERE {_PLACED} AND o.status = 'PAYMENT_FAILED' AND p.captured_amount > p.refunded_amount
          + p.charged_back_amount""",
    # Waiting, it has taken nothing from stock; sold, it has taken what is to be sent and has not come back.
    "stock_follows_the_order": f"""
        SELECT o.store_id, o.id AS entity_id, o.order_number, s.taken
        FROM orders o CROSS JOIN LATERAL (
          SELECT coalesce(-sum(a.delta), 0) AS taken FROM inventory_adjustment a
          WHERE a.store_id = o.store_id AND a.order_id = o.id) s
        WHERE {_PLACED} AND ((o.status IN ('PENDING', 'PAYMENT_FAILED') AND s.taken <> 0)
          OR (o.status IN ('PAID', 'PROCESSING') AND s.taken < (
            SELECT coalesce(sum(i.quantity - i.cancelled_quantity - i.fulfilled_quantity), 0) FROM order_items i
            WHERE i.store_id = o.store_id AND i.order_id = o.id AND i.variant_id IS NOT NULL)))""",
}
