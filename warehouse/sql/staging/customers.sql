-- One row per person with a counted order. An order without any contact belongs to nobody who could return.
SELECT
  o.store_id,
  o.person,
  MIN(o.placed_day) AS first_day,
  CAST(DATE_TRUNC('month', MIN(o.placed_day)) AS DATE) AS first_month,
  CAST(DATE_TRUNC('week', MIN(o.placed_day)) AS DATE) AS first_week,
  MAX(o.placed_day) AS last_day,
  COUNT(*) AS orders_count
FROM staging.orders AS o
WHERE o.is_counted AND o.person IS NOT NULL AND o.person_kind <> 'order'
GROUP BY o.store_id, o.person
