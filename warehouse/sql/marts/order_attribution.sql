-- One row per counted order, model and touch: what a visit of the 30 days before the order is credited with. Revenue is gross −
-- discounts. Parts are rounded by largest remainder, so they always add up to the revenue. An order without a visit has one row
-- `unattributed`, ordinal 0, in each model.
WITH counted AS (
  SELECT
    o.store_id,
    o.order_id,
    o.person,
    o.placed_at,
    o.placed_day,
    o.currency,
    o.gross_amount - o.discounts_amount AS revenue_amount
  FROM staging.orders AS o
  WHERE o.is_counted
),
touches AS (
  SELECT
    c.store_id,
    c.order_id,
    s.session_id,
    s.channel,
    s.source,
    s.medium,
    s.campaign,
    s.started_at,
    ROW_NUMBER() OVER (
      PARTITION BY c.store_id, c.order_id ORDER BY s.started_at ASC NULLS LAST, s.session_id ASC NULLS LAST
    ) AS ordinal,
    COUNT(*) OVER (PARTITION BY c.store_id, c.order_id) AS touches_count
  FROM counted AS c
  JOIN staging.sessions AS s
    ON s.store_id = c.store_id AND s.person = c.person AND s.started_at <= c.placed_at
    AND s.started_at >= c.placed_at - INTERVAL '30' DAY
),
marked AS (
  SELECT
    t.*,
    COALESCE(MAX(CASE WHEN t.channel <> 'Direct' THEN t.ordinal END) OVER (PARTITION BY t.store_id, t.order_id),
      t.touches_count) AS last_non_direct
  FROM touches AS t
),
weighted AS (
  SELECT a.store_id, a.order_id, a.session_id, a.ordinal, 'first' AS model, CASE WHEN a.ordinal = 1 THEN 1 ELSE 0 END AS weight
  FROM marked AS a
  UNION ALL
  SELECT b.store_id, b.order_id, b.session_id, b.ordinal, 'last' AS model,
    CASE WHEN b.ordinal = b.touches_count THEN 1 ELSE 0 END AS weight
  FROM marked AS b
  UNION ALL
  SELECT d.store_id, d.order_id, d.session_id, d.ordinal, 'last_non_direct' AS model,
    CASE WHEN d.ordinal = d.last_non_direct THEN 1 ELSE 0 END AS weight
  FROM marked AS d
  UNION ALL
  SELECT e.store_id, e.order_id, e.session_id, e.ordinal, 'linear' AS model, 1 AS weight
  FROM marked AS e
),
shares AS (
  SELECT
    w.store_id,
    w.order_id,
    w.session_id,
    w.ordinal,
    w.model,
    w.weight,
    k.revenue_amount,
    SUM(w.weight) OVER (PARTITION BY w.store_id, w.order_id, w.model) AS weight_sum
  FROM weighted AS w
  JOIN counted AS k
    ON k.store_id = w.store_id AND k.order_id = w.order_id
),
parts AS (
  SELECT
    p.*,
    (p.revenue_amount * p.weight - MOD(p.revenue_amount * p.weight, p.weight_sum)) AS whole_units,
    MOD(p.revenue_amount * p.weight, p.weight_sum) AS remainder
  FROM shares AS p
),
ranked AS (
  SELECT
    q.*,
    SUM(q.remainder) OVER (PARTITION BY q.store_id, q.order_id, q.model) AS remainder_sum,
    ROW_NUMBER() OVER (
      PARTITION BY q.store_id, q.order_id, q.model
      ORDER BY ABS(q.remainder) DESC NULLS LAST, q.ordinal ASC NULLS LAST
    ) AS remainder_rank
  FROM parts AS q
),
credited AS (
  SELECT
    r.store_id,
    r.order_id,
    r.session_id,
    r.model,
    r.weight,
    r.whole_units,
    r.weight_sum,
    CASE WHEN r.remainder_rank * r.weight_sum <= ABS(r.remainder_sum) THEN SIGN(r.remainder_sum) ELSE 0 END AS extra
  FROM ranked AS r
)
SELECT
  g.store_id,
  g.order_id,
  g.model,
  CAST(m.ordinal AS INTEGER) AS ordinal,
  g.session_id AS touch_id,
  m.channel,
  m.source,
  m.medium,
  m.campaign,
  CAST(g.whole_units // g.weight_sum + g.extra AS BIGINT) AS credit_amount,
  h.currency,
  m.started_at AS touched_at,
  h.placed_day AS placed_on
FROM credited AS g
JOIN marked AS m
  ON m.store_id = g.store_id AND m.order_id = g.order_id AND m.session_id = g.session_id
JOIN counted AS h
  ON h.store_id = g.store_id AND h.order_id = g.order_id
WHERE g.weight > 0
UNION ALL
SELECT
  u.store_id,
  u.order_id,
  x.model,
  CAST(0 AS INTEGER) AS ordinal,
  CAST(NULL AS TEXT) AS touch_id,
  'unattributed' AS channel,
  CAST(NULL AS TEXT) AS source,
  CAST(NULL AS TEXT) AS medium,
  CAST(NULL AS TEXT) AS campaign,
  u.revenue_amount AS credit_amount,
  u.currency,
  CAST(NULL AS TIMESTAMPTZ) AS touched_at,
  u.placed_day AS placed_on
FROM counted AS u
CROSS JOIN (
  SELECT 'first' AS model UNION ALL SELECT 'last' AS model UNION ALL SELECT 'last_non_direct' AS model
  UNION ALL SELECT 'linear' AS model
) AS x
LEFT JOIN touches AS y
  ON y.store_id = u.store_id AND y.order_id = u.order_id AND y.ordinal = 1
WHERE y.order_id IS NULL
