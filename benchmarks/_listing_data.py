"""The data of the listing benchmark: the same products in the baseline's schema and in the newest one."""

from uuid import UUID

import psycopg

STORES = 50

_BASELINE = """
INSERT INTO organizations (id, name, slug, updated_at) VALUES (gen_random_uuid(), 'Bench', 'bench', now());
ALTER TABLE stores DROP CONSTRAINT stores_organization_id_key;
INSERT INTO stores (id, organization_id, name, slug, email, updated_at)
  SELECT gen_random_uuid(), o.id, 'Store ' || n, 'store-' || n, n || '@bench.test', now()
  FROM organizations o, generate_series(1, {stores}) n;
INSERT INTO categories (id, store_id, name, slug, updated_at)
  SELECT gen_random_uuid(), s.id, 'Category ' || n, 'category-' || n, now() FROM stores s, generate_series(1, 20) n;
INSERT INTO brands (id, store_id, name, slug, updated_at)
  SELECT gen_random_uuid(), s.id, 'Brand ' || n, 'brand-' || n, now() FROM stores s, generate_series(1, 20) n;
CREATE TEMPORARY TABLE place AS
  SELECT s.id AS store_id, row_number() OVER (ORDER BY slug = 'store-1' DESC, slug) AS n,
         (SELECT array_agg(id) FROM categories c WHERE c.store_id = s.id) AS categories,
         (SELECT array_agg(id) FROM brands b WHERE b.store_id = s.id) AS brands FROM stores s;
INSERT INTO products (id, store_id, name, slug, sku, description, price, images, inventory_qty, category_id, brand_id,
                      status, created_at, updated_at, deleted_at)
  SELECT gen_random_uuid(), p.store_id, 'Product ' || i, 'product-' || i, 'SKU' || i, repeat('Plain words. ', 20),
         (i % 5000 + 99) / 100.0, '["https://images.test/' || i || '.jpg"]', i % 50,
         p.categories[1 + i % 20], p.brands[1 + i % 20],
         (CASE WHEN i % 10 = 0 THEN 'DRAFT' WHEN i % 25 = 1 THEN 'ARCHIVED' ELSE 'ACTIVE' END)::product_status,
         timestamp '2025-01-01' + i * interval '37 seconds', now(), CASE WHEN i % 25 = 1 THEN now() END
  FROM generate_series(1, {products}) i
  JOIN place p ON p.n = CASE WHEN i % 3 = 0 THEN 1 ELSE 2 + i % ({stores} - 1) END;
"""
# Triggers are left out: what they would make is made here in whole statements.
_NEWEST = """
SET session_replication_role = replica;
INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, is_default)
  SELECT store_id, id, 'Default', sku, currency, '{}', true FROM products;
INSERT INTO inventory_level (store_id, variant_id, on_hand)
  SELECT store_id, id, 20 FROM product_variants ON CONFLICT DO NOTHING;
INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
  SELECT store_id, id, currency, price_amount, created_at FROM products;
INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
  SELECT store_id, id, 'EUR', price_amount, created_at FROM products;
INSERT INTO collection (store_id, name, slug) SELECT id, 'All', 'all' FROM stores;
INSERT INTO collection_product (store_id, collection_id, product_id, position)
  SELECT p.store_id, c.id, p.id, row_number() OVER (PARTITION BY p.store_id ORDER BY p.created_at DESC)
  FROM products p JOIN collection c ON c.store_id = p.store_id;
"""
_SHARED = {
    "organizations": "id, name, slug",
    "stores": "id, organization_id, name, slug, email",
    "categories": "id, store_id, name, slug",
    "brands": "id, store_id, name, slug",
}
_PRODUCTS = "id, store_id, name, slug, sku, description, category_id, brand_id, status, created_at, deleted_at"


def fill_baseline(url: str, products: int) -> list[UUID]:
    """Fill the baseline and return its stores, the largest first."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_BASELINE.format(stores=STORES, products=products))
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute("SELECT store_id FROM products GROUP BY 1 ORDER BY count(*) DESC").fetchall()
    return [row[0] for row in rows]


def fill_newest(url: str, baseline: str) -> None:
    """Bring the baseline's rows into the newest schema, with a price, a level and a collection for every product."""
    with psycopg.connect(baseline) as source, psycopg.connect(url, autocommit=True) as target:
        target.execute("SET session_replication_role = replica; SET timezone = 'UTC'")
        for table, columns in _SHARED.items():
            copy(source, target, f"SELECT {columns} FROM {table}", f"{table} ({columns})")
        copy(source, target,
             f"SELECT {_PRODUCTS}, round(price * 100)::bigint, 'USD' FROM products ORDER BY created_at",
             f"products ({_PRODUCTS}, price_amount, currency)")
        target.execute(_NEWEST)
        target.execute("VACUUM ANALYZE")


def copy(source: psycopg.Connection, target: psycopg.Connection, query: str, into: str) -> None:
    """Pipe the rows of a query into a table."""
    with (
        source.cursor().copy(f"COPY ({query}) TO STDOUT") as rows,
        target.cursor().copy(f"COPY {into} FROM STDIN") as sink,
    ):
        for block in rows:
            sink.write(block)
