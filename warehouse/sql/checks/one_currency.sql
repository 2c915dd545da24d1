-- Orders in another currency than their store's: their amounts must not be added to the store's.
SELECT
  o.store_id,
  o.id AS order_id,
  o.currency,
  s.currency AS store_currency
FROM raw.orders AS o
JOIN raw.stores AS s
  ON s.id = o.store_id
WHERE o.currency <> s.currency AND NOT o.is_test AND o.deleted_at IS NULL
