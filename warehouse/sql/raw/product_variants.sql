SELECT
  t.store_id,
  t.id,
  t.product_id,
  t.sku,
  t.is_default,
  t.price_amount,
  t.currency,
  t.updated_at,
  t.row_version::text::bigint AS row_version
FROM product_variants AS t
