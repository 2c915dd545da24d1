-- Orders of which more was refunded than was to be paid.
SELECT
  o.store_id,
  o.id AS order_id,
  o.order_total_amount,
  SUM(r.amount) AS refunded_amount
FROM raw.orders AS o
JOIN raw.refunds AS r
  ON r.store_id = o.store_id AND r.order_id = o.id
WHERE r.status = 'processed'
GROUP BY o.store_id, o.id, o.order_total_amount
HAVING SUM(r.amount) > o.order_total_amount
