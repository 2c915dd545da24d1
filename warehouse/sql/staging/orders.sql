-- One row per order: whose it is, on which store-day, what it is worth, and whether it counts. Amounts are in the store's
-- currency, by the rate frozen at the order; an order whose rate is unknown is worth nothing and does not count.
WITH zones AS (
  SELECT
    h.store_id,
    h.time_zone,
    h.valid_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.store_id ORDER BY h.valid_from ASC NULLS LAST) AS valid_until
  FROM raw.store_zone_history AS h
),
line_sums AS (
  SELECT
    i.store_id,
    i.order_id,
    COUNT(*) AS lines_count,
    SUM(i.quantity) AS units_count,
    SUM(i.line_subtotal_amount) AS gross_amount,
    SUM(i.line_discount_amount) AS line_discounts_amount
  FROM raw.order_items AS i
  GROUP BY i.store_id, i.order_id
),
valued AS (
  SELECT
    v.store_id,
    v.id AS order_id,
    c.currency,
    CAST(CASE WHEN v.currency = c.currency THEN 1 ELSE v.reporting_factor END AS DECIMAL(20, 12)) AS factor,
    COALESCE(l.gross_amount, 0) AS gross_amount,
    COALESCE(l.gross_amount, 0) - GREATEST(COALESCE(v.order_discount_amount, 0), COALESCE(l.line_discounts_amount, 0)) AS net_amount,
    COALESCE(v.order_shipping_amount, 0) AS shipping_amount,
    COALESCE(v.order_tax_amount, 0) AS taxes_amount,
    COALESCE(l.units_count, 0) AS units_count,
    COALESCE(l.lines_count, 0) AS lines_count
  FROM raw.orders AS v
  JOIN raw.stores AS c
    ON c.id = v.store_id
  LEFT JOIN line_sums AS l
    ON l.store_id = v.store_id AND l.order_id = v.id
),
rounded AS (
  SELECT
    n.store_id,
    n.order_id,
    n.currency,
    n.factor,
    n.units_count,
    n.lines_count,
    CAST(ROUND(CAST(n.gross_amount AS DECIMAL(18, 0)) * COALESCE(n.factor, 0), 0) AS BIGINT) AS gross_amount,
    CAST(ROUND(CAST(n.net_amount AS DECIMAL(18, 0)) * COALESCE(n.factor, 0), 0) AS BIGINT) AS net_amount,
    CAST(ROUND(CAST(n.shipping_amount AS DECIMAL(18, 0)) * COALESCE(n.factor, 0), 0) AS BIGINT) AS shipping_amount,
    CAST(ROUND(CAST(n.taxes_amount AS DECIMAL(18, 0)) * COALESCE(n.factor, 0), 0) AS BIGINT) AS taxes_amount
  FROM valued AS n
),
switches AS (
  SELECT
    e.store_id,
    e.entity_id AS order_id,
    CASE WHEN e.name = 'order.cancelled' THEN 1 ELSE 0 END AS is_cancel,
    ROW_NUMBER() OVER (
      PARTITION BY e.store_id, e.entity_id ORDER BY e.occurred_at DESC NULLS LAST, e.name DESC NULLS LAST, e.id DESC NULLS LAST
    ) AS newest
  FROM raw.domain_events AS e
  WHERE e.name IN ('order.cancelled', 'order.reactivated')
)
SELECT
  o.store_id,
  o.id AS order_id,
  COALESCE(s.linked_surrogate, o.surrogate) AS person,
  CASE WHEN s.linked_surrogate IS NOT NULL THEN 'customer' ELSE COALESCE(s.kind, 'order') END AS person_kind,
  o.origin,
  a.currency,
  a.factor AS reporting_factor,
  o.placed_at,
  CAST(o.placed_at AT TIME ZONE z.time_zone AS DATE) AS placed_day,
  o.origin <> 'opening' AND NOT o.is_test AND o.deleted_at IS NULL AND a.factor IS NOT NULL AS is_counted,
  o.origin = 'opening' AND NOT o.is_test AND o.deleted_at IS NULL AND a.factor IS NOT NULL AS is_opening,
  COALESCE(w.is_cancel, 0) = 1 AS is_cancelled,
  a.gross_amount,
  a.gross_amount - a.net_amount AS discounts_amount,
  a.shipping_amount,
  a.taxes_amount,
  CAST(a.units_count AS BIGINT) AS units_count,
  CAST(a.lines_count AS BIGINT) AS lines_count
FROM raw.orders AS o
JOIN zones AS z
  ON z.store_id = o.store_id AND o.placed_at >= z.valid_from AND (z.valid_until IS NULL OR o.placed_at < z.valid_until)
LEFT JOIN raw.subjects AS s
  ON s.store_id = o.store_id AND s.surrogate = o.surrogate
JOIN rounded AS a
  ON a.store_id = o.store_id AND a.order_id = o.id
LEFT JOIN switches AS w
  ON w.store_id = o.store_id AND w.order_id = o.id AND w.newest = 1
