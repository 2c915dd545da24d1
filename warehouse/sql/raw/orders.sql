-- Read in Postgres. Addresses, contacts and notes stay there; a person is only a surrogate.
SELECT
  t.store_id,
  t.id,
  s.surrogate AS surrogate,
  t.origin,
  t.status::text AS status,
  t.is_test,
  t.placed_at,
  t.currency,
  t.order_subtotal_amount,
  t.order_discount_amount,
  t.order_shipping_amount,
  t.order_tax_amount,
  t.order_total_amount,
  t.reporting_factor,
  t.payment_status::text AS payment_status,
  t.created_at,
  t.updated_at,
  t.deleted_at,
  t.row_version::text::bigint AS row_version
FROM orders AS t
LEFT JOIN subject AS s
  ON s.store_id = t.store_id AND s.id = t.subject_id
