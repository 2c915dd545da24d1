SELECT
  t.store_id,
  t.valid_from,
  t.time_zone,
  t.row_version::text::bigint AS row_version
FROM store_zone_history AS t
