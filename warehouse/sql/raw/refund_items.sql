SELECT
  t.store_id,
  t.id,
  t.refund_id,
  t.order_id,
  t.order_item_id,
  t.kind,
  t.quantity,
  t.amount,
  t.row_version::text::bigint AS row_version
FROM refund_item AS t
