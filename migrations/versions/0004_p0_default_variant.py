"""Every product has at least one variant: products without one get a default variant with the product's SKU.

Writers that do not know the rule keep working: a deferred trigger adds the variant at commit if none came.
"""

from alembic import op

from migrations.steps import add_unique, batches, set_not_null, step

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A product's SKU may already name another product's variant; its default variant then says so in the suffix.
ADD = """
CREATE FUNCTION add_default_variant(product products) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM product_variants v WHERE v.store_id = product.store_id AND v.product_id = product.id)
  THEN RETURN; END IF;
  INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, inventory_qty,
                                low_stock_threshold, is_default)
  VALUES (product.store_id, product.id, 'Default', product.sku, product.currency, '{}', product.inventory_qty,
          product.low_stock_threshold, true)
  ON CONFLICT (store_id, sku) DO NOTHING;
  IF NOT FOUND THEN
    INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, inventory_qty,
                                  low_stock_threshold, is_default)
    VALUES (product.store_id, product.id, 'Default', product.sku || '-' || product.id, product.currency, '{}',
            product.inventory_qty, product.low_stock_threshold, true);
  END IF; END $$;
CREATE FUNCTION products_default_variant() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE product products; BEGIN
  SELECT * INTO product FROM products WHERE id = NEW.id;
  IF FOUND THEN PERFORM add_default_variant(product); END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER default_variant AFTER INSERT ON products DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION products_default_variant();
"""

# While old lines have no ordinal yet, a new one stands behind all of them: they get the first numbers later. Two
# programs that add lines to one order take turns at the order's row, or both would find the same number free.
NUMBER = """
CREATE OR REPLACE FUNCTION order_items_ordinal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM FROM orders WHERE id = NEW.order_id FOR NO KEY UPDATE;
  SELECT {last} + 1 INTO NEW.ordinal FROM order_items
    WHERE store_id = NEW.store_id AND order_id = NEW.order_id;
  RETURN NEW; END $$;
"""
COLUMN = """
ALTER TABLE order_items ADD COLUMN ordinal integer;
CREATE TRIGGER c_ordinal BEFORE INSERT ON order_items
  FOR EACH ROW WHEN (NEW.ordinal IS NULL) EXECUTE FUNCTION order_items_ordinal();
"""
FILL = """
UPDATE order_items i SET ordinal = n.ordinal FROM (
  SELECT id, row_number() OVER (PARTITION BY order_id ORDER BY created_at, id) AS ordinal FROM order_items
  WHERE order_id = ANY(%(ids)s) AND ordinal IS NULL) n
  WHERE n.id = i.id
"""


def upgrade() -> None:
    step(ADD)
    batches(
        "products without a variant",
        "SELECT add_default_variant(p) FROM products p WHERE id = ANY(%(ids)s)",
        over="products",
        where="NOT EXISTS (SELECT FROM product_variants v WHERE v.product_id = products.id)",
    )
    step(NUMBER.format(last="greatest(count(*), max(ordinal))") + COLUMN)
    # NULLs are no duplicates, so the rule holds for new lines before the old ones have their numbers.
    add_unique("order_items", "store_id, order_id, ordinal")
    batches("order_items.ordinal", FILL, over="orders", size=200)
    set_not_null("order_items", "ordinal")
    step(NUMBER.format(last="coalesce(max(ordinal), 0)"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER c_ordinal ON order_items; DROP FUNCTION order_items_ordinal();
        ALTER TABLE order_items DROP COLUMN ordinal;
        DROP TRIGGER default_variant ON products;
        DROP FUNCTION products_default_variant(), add_default_variant(products);
        DELETE FROM product_variants v USING products p
          WHERE p.id = v.product_id AND v.name = 'Default' AND v.options = '{}'
            AND v.sku IN (p.sku, p.sku || '-' || p.id)""")
