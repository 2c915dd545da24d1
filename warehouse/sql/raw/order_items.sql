SELECT
  t.store_id,
  t.id,
  t.order_id,
  t.product_id,
  t.variant_id,
  t.ordinal,
  t.sku,
  t.quantity,
  t.unit_price_amount,
  t.line_subtotal_amount,
  t.line_discount_amount,
  t.line_tax_amount,
  t.line_total_amount,
  t.currency,
  t.refunded_quantity,
  t.updated_at,
  t.row_version::text::bigint AS row_version
FROM order_items AS t
