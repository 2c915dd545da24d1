-- Orders in another currency than their store's that no rate is known for: they count for nothing until there is one.
SELECT
  o.store_id,
  o.id AS order_id,
  o.currency,
  s.currency AS store_currency
FROM raw.orders AS o
JOIN raw.stores AS s
  ON s.id = o.store_id
WHERE o.currency <> s.currency AND o.reporting_factor IS NULL AND NOT o.is_test AND o.deleted_at IS NULL
