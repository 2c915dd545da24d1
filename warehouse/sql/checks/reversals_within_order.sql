-- Orders of which more was taken back than they were worth, in money or in pieces.
SELECT
  o.store_id,
  o.order_id,
  o.gross_amount - o.discounts_amount AS worth_amount,
  SUM(m.sales_amount) AS reversed_amount,
  o.units_count,
  SUM(m.units_count) AS reversed_count
FROM staging.orders AS o
JOIN staging.movements AS m
  ON m.store_id = o.store_id AND m.order_id = o.order_id
GROUP BY o.store_id, o.order_id, o.gross_amount, o.discounts_amount, o.units_count
HAVING SUM(m.sales_amount) > o.gross_amount - o.discounts_amount OR SUM(m.units_count) > o.units_count
