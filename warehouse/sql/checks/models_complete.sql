-- Orders that no store-day knows, and stores whose days do not add up to their orders' lines.
SELECT
  r.store_id,
  r.id AS order_id,
  'order without a store-day' AS problem
FROM raw.orders AS r
LEFT JOIN staging.orders AS o
  ON o.store_id = r.store_id AND o.order_id = r.id
WHERE o.order_id IS NULL
UNION ALL
SELECT
  l.store_id,
  CAST(NULL AS UUID) AS order_id,
  'days do not add up to lines' AS problem
FROM (
  SELECT
    v.store_id,
    SUM(CAST(ROUND(CAST(v.gross_amount AS DECIMAL(18, 0)) * v.factor, 0) AS BIGINT)) AS gross_amount
  FROM (
    SELECT
      c.store_id,
      c.id,
      CAST(CASE WHEN c.currency = s.currency THEN 1 ELSE COALESCE(c.reporting_factor, 0) END AS DECIMAL(20, 12)) AS factor,
      SUM(i.line_subtotal_amount) AS gross_amount
    FROM raw.orders AS c
    JOIN raw.stores AS s
      ON s.id = c.store_id
    JOIN raw.order_items AS i
      ON i.store_id = c.store_id AND i.order_id = c.id
    WHERE c.origin <> 'opening' AND NOT c.is_test AND c.deleted_at IS NULL
    GROUP BY c.store_id, c.id, c.currency, s.currency, c.reporting_factor
  ) AS v
  GROUP BY v.store_id
) AS l
LEFT JOIN (
  SELECT
    d.store_id,
    SUM(d.gross_sales_amount) AS gross_amount
  FROM marts.daily_store_metrics AS d
  GROUP BY d.store_id
) AS t
  ON t.store_id = l.store_id
WHERE COALESCE(t.gross_amount, 0) <> l.gross_amount
