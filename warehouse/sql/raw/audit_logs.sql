SELECT
  t.store_id,
  t.id,
  t.action,
  t.entity_type,
  t.entity_id,
  t.actor_type,
  t.severity,
  t.correlation_id,
  t.created_at,
  t.row_version::text::bigint AS row_version
FROM audit_logs AS t
