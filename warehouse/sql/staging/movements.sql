-- The ledger of what was taken back: one row per processed refund, cancellation (of an order, or of pieces that were never
-- paid) and reactivation of an order.
-- Amounts are in the store's currency; sums are converted, not their parts, so that all of an order is all of it. After each step an uncancelled order has reversed what was refunded, a cancelled one all it was worth (or the refunds, if
-- they are more: a check shows that). A step's own reversal is the difference it makes, so nothing is reversed twice.
WITH worth AS (
  SELECT
    o.store_id,
    o.order_id,
    o.placed_day,
    o.is_opening,
    o.reporting_factor AS factor,
    o.gross_amount - o.discounts_amount AS value_amount,
    o.units_count
  FROM staging.orders AS o
  WHERE o.is_counted OR o.is_opening
),
refund_sums AS (
  SELECT
    ri.store_id,
    ri.refund_id,
    SUM(CASE WHEN ri.kind IN ('item', 'amount') THEN ri.amount ELSE 0 END) AS sales_amount,
    SUM(CASE WHEN ri.kind = 'item' THEN ri.quantity ELSE 0 END) AS units_count,
    SUM(CASE WHEN ri.kind = 'shipping' THEN ri.amount ELSE 0 END) AS shipping_amount,
    SUM(CASE WHEN ri.kind = 'tax' THEN ri.amount ELSE 0 END) AS taxes_amount
  FROM raw.refund_items AS ri
  GROUP BY ri.store_id, ri.refund_id
),
steps AS (
  SELECT
    r.store_id,
    r.order_id,
    r.id AS step_id,
    'refund' AS kind,
    r.processed_at AS moved_at,
    0 AS tie,
    COALESCE(f.sales_amount, 0) AS sales_amount,
    COALESCE(f.units_count, 0) AS units_count,
    COALESCE(f.shipping_amount, 0) AS shipping_amount,
    COALESCE(f.taxes_amount, 0) AS taxes_amount,
    CAST(NULL AS INTEGER) AS switch
  FROM raw.refunds AS r
  LEFT JOIN refund_sums AS f
    ON f.store_id = r.store_id AND f.refund_id = r.id
  WHERE r.status = 'processed'
  UNION ALL
  SELECT
    c.store_id,
    c.entity_id AS order_id,
    c.id AS step_id,
    'cancel_items' AS kind,
    c.occurred_at AS moved_at,
    0 AS tie,
    COALESCE(c.net_amount, 0) AS sales_amount,
    COALESCE(c.units_count, 0) AS units_count,
    0 AS shipping_amount,
    COALESCE(c.tax_amount, 0) AS taxes_amount,
    CAST(NULL AS INTEGER) AS switch
  FROM raw.domain_events AS c
  WHERE c.name = 'order.items_cancelled'
  UNION ALL
  SELECT
    e.store_id,
    e.entity_id AS order_id,
    e.id AS step_id,
    CASE WHEN e.name = 'order.cancelled' THEN 'cancel' ELSE 'reactivate' END AS kind,
    e.occurred_at AS moved_at,
    CASE WHEN e.name = 'order.cancelled' THEN 1 ELSE 2 END AS tie,
    0 AS sales_amount,
    0 AS units_count,
    0 AS shipping_amount,
    0 AS taxes_amount,
    CASE WHEN e.name = 'order.cancelled' THEN 1 ELSE 0 END AS switch
  FROM raw.domain_events AS e
  WHERE e.name IN ('order.cancelled', 'order.reactivated')
),
running AS (
  SELECT
    p.store_id,
    p.order_id,
    p.step_id,
    p.kind,
    p.moved_at,
    p.tie,
    p.switch,
    p.shipping_amount,
    p.taxes_amount,
    t.placed_day,
    t.is_opening,
    t.factor,
    t.value_amount,
    t.units_count AS sold_count,
    SUM(p.sales_amount) OVER (
      PARTITION BY p.store_id, p.order_id ORDER BY p.moved_at ASC NULLS LAST, p.tie ASC NULLS LAST, p.step_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS refunded_amount,
    SUM(p.units_count) OVER (
      PARTITION BY p.store_id, p.order_id ORDER BY p.moved_at ASC NULLS LAST, p.tie ASC NULLS LAST, p.step_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS refunded_count,
    SUM(CASE WHEN p.switch IS NULL THEN 0 ELSE 1 END) OVER (
      PARTITION BY p.store_id, p.order_id ORDER BY p.moved_at ASC NULLS LAST, p.tie ASC NULLS LAST, p.step_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS switch_number
  FROM steps AS p
  JOIN worth AS t
    ON t.store_id = p.store_id AND t.order_id = p.order_id
),
states AS (
  SELECT
    g.store_id,
    g.order_id,
    g.step_id,
    g.kind,
    g.moved_at,
    g.tie,
    g.shipping_amount,
    g.taxes_amount,
    g.placed_day,
    g.is_opening,
    g.factor,
    g.value_amount,
    g.sold_count,
    CAST(ROUND(CAST(g.refunded_amount AS DECIMAL(18, 0)) * g.factor, 0) AS BIGINT) AS refunded_amount,
    g.refunded_count,
    COALESCE(MAX(g.switch) OVER (PARTITION BY g.store_id, g.order_id, g.switch_number), 0) AS is_cancelled
  FROM running AS g
),
totals AS (
  SELECT
    a.store_id,
    a.order_id,
    a.step_id,
    a.kind,
    a.moved_at,
    a.tie,
    CAST(ROUND(CAST(a.shipping_amount AS DECIMAL(18, 0)) * a.factor, 0) AS BIGINT) AS shipping_amount,
    CAST(ROUND(CAST(a.taxes_amount AS DECIMAL(18, 0)) * a.factor, 0) AS BIGINT) AS taxes_amount,
    a.placed_day,
    a.is_opening,
    CASE WHEN a.is_cancelled = 1 THEN GREATEST(a.value_amount, a.refunded_amount) ELSE a.refunded_amount END AS reversed_amount,
    CASE WHEN a.is_cancelled = 1 THEN GREATEST(a.sold_count, a.refunded_count) ELSE a.refunded_count END AS reversed_count
  FROM states AS a
),
zones AS (
  SELECT
    h.store_id,
    h.time_zone,
    h.valid_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.store_id ORDER BY h.valid_from ASC NULLS LAST) AS valid_until
  FROM raw.store_zone_history AS h
)
SELECT
  m.store_id,
  m.order_id,
  m.step_id,
  m.kind,
  m.moved_at,
  CAST(m.moved_at AT TIME ZONE z.time_zone AS DATE) AS moved_day,
  CASE WHEN m.is_opening THEN CAST(m.moved_at AT TIME ZONE z.time_zone AS DATE) ELSE m.placed_day END AS view_day,
  CAST(m.reversed_amount - COALESCE(LAG(m.reversed_amount) OVER (
    PARTITION BY m.store_id, m.order_id ORDER BY m.moved_at ASC NULLS LAST, m.tie ASC NULLS LAST, m.step_id ASC NULLS LAST
  ), 0) AS BIGINT) AS sales_amount,
  CAST(m.reversed_count - COALESCE(LAG(m.reversed_count) OVER (
    PARTITION BY m.store_id, m.order_id ORDER BY m.moved_at ASC NULLS LAST, m.tie ASC NULLS LAST, m.step_id ASC NULLS LAST
  ), 0) AS BIGINT) AS units_count,
  CAST(m.shipping_amount AS BIGINT) AS shipping_amount,
  CAST(m.taxes_amount AS BIGINT) AS taxes_amount
FROM totals AS m
JOIN zones AS z
  ON z.store_id = m.store_id AND m.moved_at >= z.valid_from AND (z.valid_until IS NULL OR m.moved_at < z.valid_until)
