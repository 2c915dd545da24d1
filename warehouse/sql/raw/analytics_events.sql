SELECT
  t.store_id,
  t.event_id,
  t.occurred_at,
  t.corrected_at,
  t.received_at,
  t.name,
  t.version,
  s.surrogate AS surrogate,
  t.is_bot,
  t.product_id,
  t.order_id,
  t.utm_source,
  t.utm_medium,
  t.utm_campaign,
  t.click_id_kind,
  t.referrer_host,
  t.country,
  t.ingest_batch_id,
  t.row_version::text::bigint AS row_version
FROM analytics_event AS t
LEFT JOIN subject AS s
  ON s.store_id = t.store_id AND s.id = t.subject_id
