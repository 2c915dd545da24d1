"""Soft delete as a rule of the database: a deleted slug, SKU or e-mail is free again; listings read live rows only.

Indexes start with the store and are built while writers go on. The legacy indexes that don't stay until the contract,
because legacy programs look rows up without a store.
"""

from alembic import op

from migrations.steps import batches, index_concurrently, step

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# (table, full constraint or None, partial index, columns)
UNIQUE = (
    ("products", "products_store_id_sku_key", "products_live_sku_key", "store_id, sku"),
    ("products", "products_store_id_slug_key", "products_live_slug_key", "store_id, slug"),
    ("product_variants", "product_variants_store_id_sku_key", "product_variants_live_sku_key", "store_id, sku"),
    ("categories", "categories_store_id_slug_key", "categories_live_slug_key", "store_id, slug"),
    ("brands", "brands_store_id_slug_key", "brands_live_slug_key", "store_id, slug"),
    ("customers", "customers_store_id_email_key", "customers_live_email_key", "store_id, email"),
    ("customers", "customers_store_id_user_id_key", "customers_live_user_id_key", "store_id, user_id"),
)
LIVE = "WHERE deleted_at IS NULL"
# The status stands in the predicate and not among the columns: comparing an enum is not leakproof, so under row-level
# security Postgres never seeks by it, but it does see that a query implies a predicate.
OPEN = "status IN ('PENDING', 'PAYMENT_FAILED', 'PAID', 'PROCESSING')"
INDEXES = (
    ("products_live_status_idx", "products (store_id, status)", LIVE),
    ("products_live_listing_idx", "products (store_id, created_at DESC, id DESC)", LIVE),
    ("products_active_listing_idx", "products (store_id, created_at DESC, id DESC)", f"{LIVE} AND status = 'ACTIVE'"),
    ("products_live_category_idx", "products (store_id, category_id, created_at DESC, id DESC)", LIVE),
    ("products_live_brand_idx", "products (store_id, brand_id, created_at DESC, id DESC)", LIVE),
    ("product_variants_store_id_product_id_idx", "product_variants (store_id, product_id)", ""),
    ("categories_live_tree_idx", "categories (store_id, parent_id, sort_order, name)", LIVE),
    ("product_attribute_values_store_id_product_id_idx", "product_attribute_values (store_id, product_id)", ""),
    ("product_attribute_values_store_id_attribute_id_idx", "product_attribute_values (store_id, attribute_id)", ""),
    ("orders_listing_idx", "orders (store_id, created_at DESC, id)", ""),
    ("orders_open_listing_idx", "orders (store_id, created_at DESC, id)", f"{LIVE} AND {OPEN}"),
    ("orders_customer_listing_idx", "orders (store_id, customer_id, created_at DESC, id)", ""),
    ("order_items_store_id_product_id_idx", "order_items (store_id, product_id)", ""),
    ("order_items_store_id_variant_id_idx", "order_items (store_id, variant_id)", ""),
    ("reviews_live_listing_idx", "reviews (store_id, product_id, is_approved, created_at DESC, id)", LIVE),
    ("reviews_store_id_customer_id_idx", "reviews (store_id, customer_id)", ""),
    ("inventory_logs_store_id_user_id_idx", "inventory_logs (store_id, user_id)", ""),
)

FOLLOW = """
-- What belongs to a deleted parent goes and comes back with it; what was deleted by itself stays deleted.
CREATE FUNCTION follow_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('UPDATE %I SET deleted_at = $1 WHERE store_id = $2 AND %I = $3
                  AND deleted_at IS NOT DISTINCT FROM $4', TG_ARGV[0], TG_ARGV[1])
    USING NEW.deleted_at, NEW.store_id, NEW.id, OLD.deleted_at;
  RETURN NULL; END $$;
CREATE TRIGGER y_variants AFTER UPDATE OF deleted_at ON products FOR EACH ROW
  WHEN (OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
  EXECUTE FUNCTION follow_deletion('product_variants', 'product_id');
"""

# A default variant was given its product's SKU unasked. Where a program wants that SKU for a variant of its own, the
# default one gives way.
YIELD = """
CREATE FUNCTION default_sku_yields() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE product_variants SET sku = sku || '-' || product_id
    WHERE store_id = NEW.store_id AND sku = NEW.sku AND deleted_at IS NULL AND id <> NEW.id AND is_default
      AND name = 'Default' AND options = '{}';
  RETURN NEW; END $$;
CREATE TRIGGER b_sku_yields BEFORE INSERT OR UPDATE OF sku ON product_variants FOR EACH ROW
  WHEN (NOT NEW.is_default OR NEW.name <> 'Default') EXECUTE FUNCTION default_sku_yields();
"""


def default_variant(live: str) -> str:
    """The function that gives a product its default variant; `live` narrows the unique index it meets."""
    return f"""
CREATE OR REPLACE FUNCTION add_default_variant(product products) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM product_variants v WHERE v.store_id = product.store_id AND v.product_id = product.id)
  THEN RETURN; END IF;
  INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, inventory_qty,
                                low_stock_threshold, is_default)
  VALUES (product.store_id, product.id, 'Default', product.sku, product.currency, '{{}}', product.inventory_qty,
          product.low_stock_threshold, true)
  ON CONFLICT (store_id, sku) {live} DO NOTHING;
  IF NOT FOUND THEN
    INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, inventory_qty,
                                  low_stock_threshold, is_default)
    VALUES (product.store_id, product.id, 'Default', product.sku || '-' || product.id, product.currency, '{{}}',
            product.inventory_qty, product.low_stock_threshold, true);
  END IF; END $$;
"""


# Variants of products that were deleted before the trigger was there.
CATCH_UP = """
UPDATE product_variants v SET deleted_at = p.deleted_at FROM products p
WHERE p.id = v.product_id AND p.deleted_at IS NOT NULL AND v.deleted_at IS NULL AND v.id = ANY(%(ids)s)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    step("ALTER TABLE product_variants ADD COLUMN deleted_at timestamptz")
    step(FOLLOW)
    step(YIELD)
    batches(
        "variants of deleted products", CATCH_UP, over="product_variants",
        where="deleted_at IS NULL AND product_id IN (SELECT id FROM products WHERE deleted_at IS NOT NULL)")
    for table, _, name, columns in UNIQUE:
        index_concurrently(name, f"{table} ({columns}) {LIVE}", unique=True)
    for name, target, where in INDEXES:
        index_concurrently(name, f"{target} {where}")
    step(default_variant("WHERE deleted_at IS NULL"))
    for table, constraint, _, _ in UNIQUE:
        step(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Full uniqueness again: a deleted row whose key was taken meanwhile keeps it with its id behind.
    for table, _, _, columns in UNIQUE:
        column = columns.removeprefix("store_id, ")
        given = "NULL" if column == "user_id" else f"r.{column} || '~' || r.id"
        op.execute(f"""
            UPDATE {table} r SET {column} = {given} WHERE deleted_at IS NOT NULL AND EXISTS (
              SELECT FROM {table} o WHERE o.store_id = r.store_id AND o.{column} = r.{column} AND o.id <> r.id
                AND (o.deleted_at IS NULL OR o.id > r.id))""")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table, constraint, name, columns in UNIQUE:
        op.execute(f"DROP INDEX {name}; ALTER TABLE {table} ADD CONSTRAINT {constraint} UNIQUE ({columns})")
    for name, _, _ in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute(default_variant(""))
    op.execute("""DROP TRIGGER b_sku_yields ON product_variants; DROP FUNCTION default_sku_yields();
                  DROP TRIGGER y_variants ON products; DROP FUNCTION follow_deletion();
                  ALTER TABLE product_variants DROP COLUMN deleted_at""")
