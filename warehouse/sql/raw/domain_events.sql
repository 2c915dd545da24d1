SELECT
  t.store_id,
  t.id,
  t.name,
  t.entity_type,
  t.entity_id,
  t.occurred_at,
  CASE WHEN t.name = 'order.items_cancelled' AND jsonb_typeof(t.payload -> 'net_amount') = 'number'
    THEN (t.payload ->> 'net_amount')::bigint END AS net_amount,
  CASE WHEN t.name = 'order.items_cancelled' AND jsonb_typeof(t.payload -> 'tax_amount') = 'number'
    THEN (t.payload ->> 'tax_amount')::bigint END AS tax_amount,
  CASE WHEN t.name = 'order.items_cancelled' AND jsonb_typeof(t.payload -> 'units_count') = 'number'
    THEN (t.payload ->> 'units_count')::integer END AS units_count,
  t.correlation_id,
  t.actor_type,
  t.row_version::text::bigint AS row_version
FROM domain_event AS t
