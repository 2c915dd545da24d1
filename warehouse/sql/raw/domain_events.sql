SELECT
  t.store_id,
  t.id,
  t.name,
  t.entity_type,
  t.entity_id,
  t.occurred_at,
  t.correlation_id,
  t.actor_type,
  t.row_version::text::bigint AS row_version
FROM domain_event AS t
