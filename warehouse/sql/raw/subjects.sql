SELECT
  t.store_id,
  t.surrogate,
  t.kind,
  l.surrogate AS linked_surrogate,
  t.linked_at,
  t.row_version::text::bigint AS row_version
FROM subject AS t
LEFT JOIN subject AS l
  ON l.store_id = t.store_id AND l.id = t.linked_subject_id
