"""Two legacy shops as the baseline stores them, with every dirty case that its columns allow."""

import psycopg

LEGACY = {
    "products": ("price", "compare_at_price", "cost_price", "images", "inventory_qty", "inventory_status"),
    "product_variants": ("price", "compare_at_price", "inventory_qty"),
    "orders": ("subtotal", "tax_amount", "shipping_amount", "discount_amount", "total_amount"),
    "order_items": ("price", "subtotal", "tax_amount", "discount_amount", "total_amount"),
    "customers": ("total_spent", "average_order_value"),
}
# Takes a store to `done` in every capability, in the plan's order.
DONE = """
INSERT INTO capability_state (store_id, capability, step)
  SELECT s.id, n.name, 'done' FROM stores s, unnest(ARRAY['images', 'pricing', 'inventory', 'promotions', 'rbac',
    'events', 'i18n']) WITH ORDINALITY n (name, place) WHERE s.slug = %(slug)s ORDER BY n.place
"""

_STORES = """
INSERT INTO organizations (id, name, slug, updated_at)
  SELECT gen_random_uuid(), slug, slug, now() FROM (VALUES ('north'), ('south')) g (slug);
INSERT INTO stores (id, organization_id, name, slug, email, currency, updated_at)
  SELECT gen_random_uuid(), id, slug, slug, slug || '@example.test', CASE slug WHEN 'south' THEN 'KWD' ELSE 'USD' END,
         now() FROM organizations;
INSERT INTO customers (id, store_id, email, first_name, last_name, total_spent, average_order_value, updated_at)
  SELECT gen_random_uuid(), id, 'a@example.test', 'A', 'B', 0.1::float8 + 0.2::float8, 33.333333, now() FROM stores;
"""
# (sku, price, compare at, cost, images, quantity, status): clean, float dust, half a cent, images that are no list,
# stock below zero, a status that no code ever sets.
_PRODUCTS = """
INSERT INTO products (id, store_id, name, slug, sku, price, compare_at_price, cost_price, images, inventory_qty,
                      inventory_status, updated_at)
  SELECT gen_random_uuid(), s.id, p.sku, lower(p.sku), p.sku, p.price, p.compare, p.cost, p.images, p.quantity,
         p.status::inventory_status, now()
  FROM stores s CROSS JOIN (VALUES
    ('CLEAN', 19.99, 24.99, 8, '["https://images.test/a.jpg", "https://images.test/b.jpg"]', 12, 'IN_STOCK'),
    ('DUST', 0.1::float8 + 0.2::float8, NULL, NULL, '[]', 3, 'LOW_STOCK'),
    ('HALF', 10.005, 10.0049, 0, 'https://images.test/bare.jpg', 0, 'OUT_OF_STOCK'),
    ('BROKEN', 5, NULL, NULL, '["https://images.test/a.jpg"', -4, 'IN_STOCK'),
    ('GONE', 5, NULL, NULL, '', 2, 'DISCONTINUED'),
    ('MANY', 7, NULL, NULL, '{"url": "https://images.test/object.jpg"}', 9, 'IN_STOCK'))
    p (sku, price, compare, cost, images, quantity, status);
INSERT INTO product_variants (id, product_id, name, sku, price, compare_at_price, inventory_qty, options, updated_at)
  SELECT gen_random_uuid(), p.id, v.name, s.slug || '-' || v.name, v.price, NULL, v.quantity,
         '{"size": "' || v.name || '"}', now()
  FROM products p JOIN stores s ON s.id = p.store_id
  CROSS JOIN (VALUES ('S', NULL, 4), ('M', 7.499::float8, -1)) v (name, price, quantity) WHERE p.sku = 'MANY';
INSERT INTO inventory_logs (id, store_id, product_id, previous_qty, new_qty, change_qty, reason, created_at)
  SELECT gen_random_uuid(), store_id, id, 15, 12, -3, 'Sale', timestamp '2025-03-01' FROM products WHERE sku = 'CLEAN';
"""
# The second order's header says something else than its lines.
_ORDERS = """
INSERT INTO orders (id, store_id, customer_id, order_number, subtotal, tax_amount, total_amount, updated_at)
  SELECT gen_random_uuid(), c.store_id, c.id, o.number, o.subtotal, o.tax, o.total, now()
  FROM customers c CROSS JOIN (VALUES ('1', 39.98, 3.2, 43.18), ('2', 99.99, 0, 100.123456))
    o (number, subtotal, tax, total);
INSERT INTO order_items (id, order_id, product_id, product_name, sku, price, quantity, subtotal, total_amount,
                         updated_at)
  SELECT gen_random_uuid(), o.id, p.id, p.name, p.sku, p.price, 2, p.price * 2, p.price * 2, now()
  FROM orders o JOIN products p ON p.store_id = o.store_id AND p.sku IN ('CLEAN', 'DUST');
"""


def fill_legacy(url: str) -> None:
    """Fill a database at the baseline (0001)."""
    with psycopg.connect(url) as connection:
        for part in (_STORES, _PRODUCTS, _ORDERS):
            connection.execute(part)
