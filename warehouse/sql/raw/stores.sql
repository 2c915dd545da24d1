SELECT
  t.id,
  t.currency,
  t.timezone,
  t.created_at,
  t.deleted_at,
  t.row_version::text::bigint AS row_version
FROM stores AS t
