-- Requests whose submissions do not add up, or whose accepted events are not all there.
WITH stored AS (
  SELECT
    e.store_id,
    e.ingest_batch_id,
    COUNT(*) AS stored_count
  FROM raw.analytics_events AS e
  GROUP BY e.store_id, e.ingest_batch_id
)
SELECT
  b.store_id,
  b.id AS ingest_batch_id,
  b.received_count,
  b.accepted_count,
  b.rejected_count,
  b.duplicate_count,
  b.quarantined_count,
  b.unconsented_count,
  COALESCE(s.stored_count, 0) AS stored_count
FROM raw.ingest_batches AS b
LEFT JOIN stored AS s
  ON s.store_id = b.store_id AND s.ingest_batch_id = b.id
WHERE b.received_count <> b.accepted_count + b.rejected_count + b.duplicate_count + b.quarantined_count + b.unconsented_count
  OR b.accepted_count <> COALESCE(s.stored_count, 0)
