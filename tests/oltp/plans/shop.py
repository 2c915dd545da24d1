"""A store of a size at which a wrong plan shows: 20,000 products and orders, beside two smaller stores. Analysed."""

from uuid import UUID

import psycopg

from oltp.db.session import Database

# Triggers are left out (they are proven elsewhere); what they would make and a listing reads is made here.
_FILL = """
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE place ON COMMIT DROP AS
  SELECT id AS store_id, row_number() OVER (ORDER BY slug) AS n, gen_random_uuid() AS collection_id FROM stores;
INSERT INTO categories (store_id, name, slug)
  SELECT store_id, 'Category ' || i, 'category-' || i FROM place, generate_series(1, 30) i;
INSERT INTO brands (store_id, name, slug)
  SELECT store_id, 'Brand ' || i, 'brand-' || i FROM place, generate_series(1, 30) i;
INSERT INTO products (store_id, name, slug, sku, price_amount, currency, status, created_at, deleted_at,
                      category_id, brand_id)
  SELECT p.store_id, 'Product ' || i, 'product-' || i, 'SKU' || i, 1000 + i, 'USD',
         (CASE WHEN i % 10 = 0 THEN 'DRAFT' ELSE 'ACTIVE' END)::product_status,
         timestamptz '2026-01-01' + i * interval '1 minute', CASE WHEN i % 50 = 1 THEN now() END, c.id, b.id
  FROM place p CROSS JOIN LATERAL generate_series(1, CASE p.n WHEN 1 THEN 20000 ELSE 2000 END) i
  JOIN categories c ON c.store_id = p.store_id AND c.slug = 'category-' || 1 + i % 30
  JOIN brands b ON b.store_id = p.store_id AND b.slug = 'brand-' || 1 + i % 30;
INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, is_default)
  SELECT store_id, id, 'Default', sku, currency, '{}', true FROM products;
INSERT INTO inventory_level (store_id, variant_id, on_hand)
  SELECT store_id, id, 5 FROM product_variants ON CONFLICT DO NOTHING;
INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
  SELECT store_id, id, c, price_amount, created_at FROM products, unnest(ARRAY['USD', 'EUR']) c;
INSERT INTO collection (id, store_id, name, slug) SELECT collection_id, store_id, 'All', 'all' FROM place;
INSERT INTO collection_product (store_id, collection_id, product_id, position)
  SELECT p.store_id, k.collection_id, p.id, row_number() OVER (PARTITION BY p.store_id ORDER BY p.created_at)
  FROM products p JOIN place k ON k.store_id = p.store_id;
INSERT INTO customers (store_id, email, first_name, last_name, currency, total_spent_amount, average_order_amount)
  SELECT store_id, i || '@example.test', 'A', 'B', 'USD', 0, 0 FROM place, generate_series(1, 5000) i;
INSERT INTO subject (store_id, kind, customer_id) SELECT store_id, 'customer', id FROM customers;
INSERT INTO orders (store_id, customer_id, subject_id, order_number, status, order_subtotal_amount,
                    order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount, currency,
                    created_at, placed_at)
  SELECT p.store_id, c.id, s.id, 'ORD-' || i,
         (ARRAY['PAID', 'PENDING', 'SHIPPED', 'DELIVERED'])[1 + i % 4]::order_status,
         1000, 0, 0, 0, 1000, 'USD', m.moment, m.moment
  FROM place p CROSS JOIN LATERAL generate_series(1, CASE p.n WHEN 1 THEN 20000 ELSE 2000 END) i
  CROSS JOIN LATERAL (SELECT timestamptz '2026-01-01' + i * interval '3 minutes' AS moment) m
  JOIN customers c ON c.store_id = p.store_id AND c.email = 1 + i % 500 || '@example.test'
  JOIN subject s ON s.store_id = c.store_id AND s.customer_id = c.id;
INSERT INTO payment_attempt (store_id, order_id, gateway, status, method, amount, currency, created_at)
  SELECT store_id, id, 'MANUAL', 'created', 'CASH_ON_DELIVERY', 1000, 'USD', placed_at FROM orders;
INSERT INTO fraud_assessment (store_id, order_id, rules_version, score, decision, features, reasons, assessed_at)
  SELECT store_id, id, 1, 0, 'approve', '{"address_key": "x"}', '{}', placed_at FROM orders;
INSERT INTO promotion_rule (store_id, name, status, conditions, actions, currency, starts_at)
  SELECT store_id, 'Rule ' || i, 'active', '{"type": "all", "conditions": []}',
         '[{"type": "percent", "percent": "10"}]', 'USD', timestamptz '2026-01-01'
  FROM place, generate_series(1, 5) i;
INSERT INTO promotion_usage (store_id, subject_id, promotion_rule_id, used_count)
  SELECT r.store_id, s.id, r.id, 1 FROM promotion_rule r JOIN subject s USING (store_id);
INSERT INTO store_counter (store_id, last_order_number, month_on, month_order_count)
  SELECT store_id, 30000, date '2026-01-01', 0 FROM place;
INSERT INTO daily_store_metrics SELECT (jsonb_populate_record(NULL::daily_store_metrics, jsonb_object_agg(
    a.attname, to_jsonb(0)) || jsonb_build_object('store_id', p.store_id, 'store_day', date '2020-01-01' + i,
    'currency', 'USD', 'published_at', now()))).*
  FROM place p, generate_series(1, 2000) i, pg_attribute a
  WHERE a.attrelid = 'daily_store_metrics'::regclass AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY p.store_id, i;
INSERT INTO order_attribution (store_id, order_id, model, ordinal, channel, credit_amount, currency, placed_on, horizon)
  SELECT store_id, id, 'last_touch', 1, 'direct', 1000, 'USD', created_at::date, 1 FROM orders;
"""


def fill(database: Database) -> UUID:
    """Fill every store of the database and return the largest."""
    # Only the login may silence triggers; it is a superuser in tests.
    with psycopg.connect(database.url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(_FILL)
        connection.execute("ANALYZE")
        row = connection.execute("SELECT store_id FROM products GROUP BY 1 ORDER BY count(*) DESC LIMIT 1").fetchone()
    assert row is not None
    return UUID(str(row[0]))
