-- One row per cohort and period: people by month (and week) of their first counted order, and what they did n months (weeks)
-- later. Revenue is gross − discounts − reversals of the orders placed in the period (order view). Empty cells lie in the future.
WITH reversals AS (
  SELECT
    m.store_id,
    m.order_id,
    SUM(m.sales_amount) AS reversed_amount
  FROM staging.movements AS m
  GROUP BY m.store_id, m.order_id
),
activity AS (
  SELECT
    c.store_id,
    c.person,
    c.first_month,
    c.first_week,
    o.placed_day,
    o.gross_amount - o.discounts_amount - COALESCE(r.reversed_amount, 0) AS revenue_amount
  FROM staging.customers AS c
  JOIN staging.orders AS o
    ON o.store_id = c.store_id AND o.person = c.person AND o.is_counted
  LEFT JOIN reversals AS r
    ON r.store_id = o.store_id AND r.order_id = o.order_id
),
grains AS (
  SELECT
    a.store_id,
    'month' AS cohort_grain,
    a.first_month AS cohort_on,
    a.person,
    DATE_DIFF('month', a.first_month, CAST(DATE_TRUNC('month', a.placed_day) AS DATE)) AS period_index,
    a.revenue_amount
  FROM activity AS a
  UNION ALL
  SELECT
    b.store_id,
    'week' AS cohort_grain,
    b.first_week AS cohort_on,
    b.person,
    DATE_DIFF('day', b.first_week, b.placed_day) // 7 AS period_index,
    b.revenue_amount
  FROM activity AS b
),
sizes AS (
  SELECT
    g.store_id,
    g.cohort_grain,
    g.cohort_on,
    COUNT(DISTINCT g.person) AS size_count
  FROM grains AS g
  GROUP BY g.store_id, g.cohort_grain, g.cohort_on
),
cells AS (
  SELECT
    f.store_id,
    f.cohort_grain,
    f.cohort_on,
    f.period_index,
    COUNT(DISTINCT f.person) AS retained_count,
    COUNT(*) AS orders_count,
    SUM(f.revenue_amount) AS revenue_amount
  FROM grains AS f
  GROUP BY f.store_id, f.cohort_grain, f.cohort_on, f.period_index
),
spans AS (
  SELECT
    z.store_id,
    z.cohort_grain,
    z.cohort_on,
    z.size_count,
    t.currency,
    CASE WHEN z.cohort_grain = 'month' THEN DATE_DIFF('month', z.cohort_on, t.last_month)
      ELSE DATE_DIFF('day', z.cohort_on, t.last_week) // 7 END AS last_index,
    CASE WHEN z.cohort_grain = 'month' THEN DATE_DIFF('month', CAST(DATE_TRUNC('month', t.first_day) AS DATE), t.last_month)
      ELSE LEAST(DATE_DIFF('day', CAST(DATE_TRUNC('week', t.first_day) AS DATE), t.last_week) // 7, 53)
    END AS width_count
  FROM sizes AS z
  JOIN staging.store_calendar AS t
    ON t.store_id = z.store_id
)
SELECT
  s.store_id,
  s.cohort_grain,
  s.cohort_on,
  n.n AS period_index,
  s.size_count AS cohort_size_count,
  CASE WHEN n.n <= s.last_index THEN COALESCE(x.retained_count, 0) END AS retained_count,
  CAST(CASE WHEN n.n <= s.last_index THEN COALESCE(x.revenue_amount, 0) END AS BIGINT) AS revenue_amount,
  CAST(CASE WHEN n.n <= s.last_index THEN SUM(COALESCE(x.revenue_amount, 0)) OVER (
    PARTITION BY s.store_id, s.cohort_grain, s.cohort_on ORDER BY n.n ASC NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) END AS BIGINT) AS cum_revenue_amount,
  CASE WHEN n.n <= s.last_index THEN COALESCE(x.orders_count, 0) END AS orders_count,
  s.currency
FROM spans AS s
JOIN meta.numbers AS n
  ON n.n <= s.width_count
LEFT JOIN cells AS x
  ON x.store_id = s.store_id AND x.cohort_grain = s.cohort_grain AND x.cohort_on = s.cohort_on AND x.period_index = n.n
