-- Orders and models whose credits do not add up to gross − discounts, or that have no credit at all.
WITH wanted AS (
  SELECT
    o.store_id,
    o.order_id,
    x.model,
    o.gross_amount - o.discounts_amount AS revenue_amount
  FROM staging.orders AS o
  CROSS JOIN (
    SELECT 'first' AS model UNION ALL SELECT 'last' AS model UNION ALL SELECT 'last_non_direct' AS model
    UNION ALL SELECT 'linear' AS model
  ) AS x
  WHERE o.is_counted
),
credited AS (
  SELECT
    a.store_id,
    a.order_id,
    a.model,
    SUM(a.credit_amount) AS credit_amount
  FROM marts.order_attribution AS a
  GROUP BY a.store_id, a.order_id, a.model
)
SELECT
  COALESCE(w.store_id, c.store_id) AS store_id,
  COALESCE(w.order_id, c.order_id) AS order_id,
  COALESCE(w.model, c.model) AS model,
  w.revenue_amount,
  c.credit_amount
FROM wanted AS w
FULL JOIN credited AS c
  ON c.store_id = w.store_id AND c.order_id = w.order_id AND c.model = w.model
WHERE w.order_id IS NULL OR c.order_id IS NULL OR c.credit_amount <> w.revenue_amount
