"""Rows as legacy programs left them at the baseline, dirty ones among them."""

from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

# Tables whose rows and files stay through every main revision.
COPIED = ("stores", "categories", "products", "product_variants", "customers", "orders", "order_items", "reviews",
          "inventory_logs")

ROWS = """
INSERT INTO users (id, email, updated_at) VALUES ('{u1}', 'a@example.test', now());
INSERT INTO organizations (id, name, slug, updated_at) VALUES ('{o1}', 'A', 'a', now()), ('{o2}', 'B', 'b', now());
INSERT INTO stores (id, organization_id, name, slug, email, currency, updated_at)
  VALUES ('{s1}', '{o1}', 'A', 'a', 'a@example.test', 'USD', now()),
         ('{s2}', '{o2}', 'B', 'b', 'b@example.test', 'JPY', now());
INSERT INTO categories (id, store_id, name, slug, updated_at) VALUES ('{c1}', '{s1}', 'C', 'c', now());
INSERT INTO products (id, store_id, name, slug, sku, price, images, inventory_qty, category_id, updated_at)
  VALUES ('{p1}', '{s1}', 'One', 'one', 'L1', 19.99, '["/a.jpg"]', 3, '{c1}', now()),
         ('{p2}', '{s1}', 'Two', 'two', 'L2', 19.999, 'no json', -2, NULL, now()),
         ('{p3}', '{s2}', 'Yen', 'yen', 'Y1', 1234.5, '[]', 0, NULL, now());
INSERT INTO product_variants (id, product_id, name, sku, price, options, updated_at)
  VALUES ('{v1}', '{p2}', 'a', 'L2-a', NULL, '{{}}', now()), ('{v2}', '{p2}', 'b', 'L2-b', 21.005, '{{}}', now());
INSERT INTO customers (id, store_id, user_id, email, first_name, last_name, total_spent, updated_at)
  VALUES ('{k1}', '{s1}', '{u1}', 'k@example.test', 'K', 'K', 0.1, now());
INSERT INTO orders (id, store_id, customer_id, order_number, subtotal, total_amount, shipping_address, updated_at)
  VALUES ('{r1}', '{s1}', '{k1}', 'N1', 19.99, 21.485, NULL, now()),
         ('{r2}', '{s1}', NULL, 'N2', 19.99, 21.485, '{{"email": "G@example.test"}}', now()),
         ('{r3}', '{s1}', NULL, 'N3', 19.99, 21.485, 'nowhere', now());
INSERT INTO order_items (id, order_id, product_id, variant_id, product_name, sku, price, quantity, subtotal,
                         total_amount, created_at, updated_at)
  SELECT gen_random_uuid(), o.id, '{p2}', '{v1}', 'Two', 'L2-a', 19.999, 1, 19.999, 19.999,
         '2026-01-01'::timestamp + n * interval '1 second', now() FROM orders o, generate_series(1, 2) n;
INSERT INTO reviews (id, store_id, product_id, customer_id, rating, comment, updated_at)
  VALUES ('{w1}', '{s1}', '{p1}', '{k1}', 5, 'Good', now());
INSERT INTO inventory_logs (id, store_id, product_id, previous_qty, new_qty, change_qty, reason)
  VALUES ('{l1}', '{s1}', '{p1}', 5, 3, -2, 'sold');
INSERT INTO audit_logs (id, store_id, action, entity_type, entity_id)
  VALUES ('{a1}', '{s1}', 'CREATE', 'Product', 'p1'), ('{a2}', NULL, 'DELETE_REQUEST', 'User', 'u1');
"""


def key(name: str) -> UUID:
    """Return the id of a row, e.g. `p1`."""
    return uuid5(NAMESPACE_URL, name)


def fill(url: str) -> None:
    """Put the rows into a database at the baseline."""
    names = ("u1", "o1", "o2", "s1", "s2", "c1", "p1", "p2", "p3", "v1", "v2", "k1", "r1", "r2", "r3", "w1", "l1", "a1",
             "a2")
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE stormcom_owner")
        connection.execute(ROWS.format(**{name: key(name) for name in names}).encode())


def values(url: str) -> list[tuple[object, ...]]:
    """What a legacy program reads of them, floats bit by bit."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL timezone = 'UTC'")
        return connection.execute("""
            SELECT id, sku, ARRAY[price, compare_at_price, inventory_qty], images, created_at::timestamp FROM products
            UNION ALL SELECT id, sku, ARRAY[price, compare_at_price, inventory_qty], options, created_at::timestamp
              FROM product_variants WHERE name <> 'Default'
            UNION ALL SELECT id, email, ARRAY[total_spent, average_order_value], first_name, created_at::timestamp
              FROM customers
            UNION ALL SELECT id, order_number, ARRAY[subtotal, total_amount, tax_amount], shipping_address,
              created_at::timestamp FROM orders
            UNION ALL SELECT order_id, sku, ARRAY[price, quantity, subtotal, total_amount], product_name,
              created_at::timestamp FROM order_items
            UNION ALL SELECT id, action, NULL, entity_id, created_at::timestamp FROM audit_logs
            UNION ALL SELECT id, reason, ARRAY[previous_qty, new_qty], note, created_at::timestamp FROM inventory_logs
            UNION ALL SELECT id, comment, ARRAY[rating], title, created_at::timestamp FROM reviews
            ORDER BY 1, 2, 5""").fetchall()
