SELECT
  t.store_id,
  t.id,
  t.order_id,
  t.currency,
  t.amount,
  t.status,
  t.created_at,
  t.processed_at,
  t.row_version::text::bigint AS row_version
FROM refund AS t
