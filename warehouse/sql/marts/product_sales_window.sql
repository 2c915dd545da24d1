-- The best 500 products of each store over the 7, 30, 90 and 365 days that end on its last complete day (for a store without
-- sales in the last 30 days: on its last sale), by gross sales of counted orders.
WITH windows AS (
  SELECT
    c.store_id,
    c.currency,
    w.window_days,
    CAST(c.window_end_day - w.window_days * INTERVAL '1' DAY + INTERVAL '1' DAY AS DATE) AS starts_on,
    c.window_end_day AS ends_on
  FROM staging.store_calendar AS c
  CROSS JOIN (
    SELECT 7 AS window_days UNION ALL SELECT 30 AS window_days UNION ALL SELECT 90 AS window_days
    UNION ALL SELECT 365 AS window_days
  ) AS w
),
product_days AS (
  SELECT
    o.store_id,
    o.placed_day,
    i.product_id,
    SUM(i.quantity) AS units_count,
    SUM(CAST(ROUND(CAST(i.line_subtotal_amount AS DECIMAL(18, 0)) * o.reporting_factor, 0) AS BIGINT)) AS gross_amount
  FROM staging.orders AS o
  JOIN raw.order_items AS i
    ON i.store_id = o.store_id AND i.order_id = o.order_id
  WHERE o.is_counted AND i.product_id IS NOT NULL
  GROUP BY o.store_id, o.placed_day, i.product_id
),
sums AS (
  SELECT
    x.store_id,
    x.window_days,
    x.currency,
    x.starts_on,
    x.ends_on,
    d.product_id,
    SUM(d.units_count) AS units_count,
    SUM(d.gross_amount) AS gross_amount
  FROM windows AS x
  JOIN product_days AS d
    ON d.store_id = x.store_id AND d.placed_day >= x.starts_on AND d.placed_day <= x.ends_on
  GROUP BY x.store_id, x.window_days, x.currency, x.starts_on, x.ends_on, d.product_id
),
ranked AS (
  SELECT
    s.*,
    p.sku,
    p.name,
    ROW_NUMBER() OVER (
      PARTITION BY s.store_id, s.window_days
      ORDER BY s.gross_amount DESC NULLS LAST, s.units_count DESC NULLS LAST, p.sku ASC NULLS LAST, s.product_id ASC NULLS LAST
    ) AS rank
  FROM sums AS s
  JOIN raw.products AS p
    ON p.store_id = s.store_id AND p.id = s.product_id
)
SELECT
  r.store_id,
  CAST(r.window_days AS INTEGER) AS window_days,
  CAST(r.rank AS INTEGER) AS rank,
  r.product_id,
  r.sku,
  r.name,
  CAST(r.units_count AS BIGINT) AS units_count,
  CAST(r.gross_amount AS BIGINT) AS gross_sales_amount,
  r.currency,
  r.starts_on,
  r.ends_on
FROM ranked AS r
WHERE r.rank <= 500
