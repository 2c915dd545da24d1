-- One row per order: whose it is, on which store-day, what it is worth, and whether it counts.
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
  o.currency,
  o.placed_at,
  CAST(o.placed_at AT TIME ZONE z.time_zone AS DATE) AS placed_day,
  o.origin <> 'opening' AND NOT o.is_test AND o.deleted_at IS NULL AS is_counted,
  o.origin = 'opening' AND NOT o.is_test AND o.deleted_at IS NULL AS is_opening,
  COALESCE(w.is_cancel, 0) = 1 AS is_cancelled,
  CAST(COALESCE(l.gross_amount, 0) AS BIGINT) AS gross_amount,
  CAST(GREATEST(COALESCE(o.order_discount_amount, 0), COALESCE(l.line_discounts_amount, 0)) AS BIGINT) AS discounts_amount,
  CAST(COALESCE(o.order_shipping_amount, 0) AS BIGINT) AS shipping_amount,
  CAST(COALESCE(o.order_tax_amount, 0) AS BIGINT) AS taxes_amount,
  CAST(COALESCE(l.units_count, 0) AS BIGINT) AS units_count,
  CAST(COALESCE(l.lines_count, 0) AS BIGINT) AS lines_count
FROM raw.orders AS o
JOIN zones AS z
  ON z.store_id = o.store_id AND o.placed_at >= z.valid_from AND (z.valid_until IS NULL OR o.placed_at < z.valid_until)
LEFT JOIN raw.subjects AS s
  ON s.store_id = o.store_id AND s.surrogate = o.surrogate
LEFT JOIN line_sums AS l
  ON l.store_id = o.store_id AND l.order_id = o.id
LEFT JOIN switches AS w
  ON w.store_id = o.store_id AND w.order_id = o.id AND w.newest = 1
