SELECT
  t.store_id,
  t.id,
  t.sku,
  t.name,
  t.status::text AS status,
  t.category_id,
  t.brand_id,
  t.price_amount,
  t.currency,
  t.created_at,
  t.updated_at,
  t.deleted_at,
  t.row_version::text::bigint AS row_version
FROM products AS t
