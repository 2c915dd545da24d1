SELECT
  t.store_id,
  t.id,
  t.received_at,
  t.received_count,
  t.accepted_count,
  t.rejected_count,
  t.duplicate_count,
  t.quarantined_count,
  t.unconsented_count,
  t.byte_count,
  t.row_version::text::bigint AS row_version
FROM ingest_batch AS t
