"""Stock mirror: levels and adjustments follow the legacy stock columns, and these follow the levels.

`LEVELS` works with and without the legacy columns and stays; what reads or writes them stands in
`migrations.stock_mirror`, because the contract drops it and brings it back. A new variant gets its level at commit
from the trigger `stock_level`, so a program may insert the level itself or leave it to the trigger.
"""

from alembic import op

from migrations.stock_mirror import DROP_MIRROR, MIRROR

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

LEVELS = """
ALTER TABLE inventory_level ADD COLUMN is_product_stock boolean NOT NULL DEFAULT false;
-- The variant made for a product that had none, or for the stock of a product beside its variants.
CREATE FUNCTION holds_product_stock(v product_variants) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT v.options = '{}' AND CASE
    WHEN v.name = 'Unassigned' THEN NOT v.is_default AND v.sku LIKE '%-unassigned%'
    WHEN v.name = 'Default' AND v.is_default THEN
      EXISTS (SELECT FROM products p WHERE p.store_id = v.store_id AND p.id = v.product_id
              AND v.sku IN (p.sku, p.sku || '-' || p.id))
      OR NOT EXISTS (SELECT FROM product_variants o
                     WHERE o.store_id = v.store_id AND o.product_id = v.product_id AND o.id <> v.id)
    ELSE false END $$;
UPDATE inventory_level l SET is_product_stock = true FROM (
  SELECT DISTINCT ON (v.store_id, v.product_id) v.store_id, v.id FROM product_variants v
  JOIN inventory_level k ON k.store_id = v.store_id AND k.variant_id = v.id
  WHERE holds_product_stock(v) ORDER BY v.store_id, v.product_id, v.id) h
  WHERE l.store_id = h.store_id AND l.variant_id = h.id;
-- Names may change later, so which variant it is, is written down once, when its level is made.
CREATE FUNCTION inventory_level_holder() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE v product_variants; BEGIN
  IF NEW.is_product_stock THEN RETURN NEW; END IF;
  SELECT * INTO v FROM product_variants WHERE store_id = NEW.store_id AND id = NEW.variant_id;
  NEW.is_product_stock := FOUND AND holds_product_stock(v) AND NOT EXISTS (
    SELECT FROM product_variants o JOIN inventory_level l ON l.store_id = o.store_id AND l.variant_id = o.id
    WHERE o.store_id = v.store_id AND o.product_id = v.product_id AND l.is_product_stock AND o.id <> v.id);
  RETURN NEW; END $$;
CREATE TRIGGER a_holder BEFORE INSERT ON inventory_level FOR EACH ROW EXECUTE FUNCTION inventory_level_holder();
-- A new variant has a level at commit, made here if its writer made none.
CREATE FUNCTION product_variants_level() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF default_capability_step() = 'done' THEN
    INSERT INTO inventory_level (store_id, variant_id, is_tracked, low_stock_threshold)
    SELECT v.store_id, v.id, p.track_inventory, v.low_stock_threshold
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = NEW.store_id AND v.id = NEW.id
    ON CONFLICT DO NOTHING;
  ELSIF capability_reached(NEW.store_id, 'inventory', 'shadow') THEN
    PERFORM open_variant_stock(NEW.store_id, NEW.id, NULL);
  END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER stock_level AFTER INSERT ON product_variants DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION product_variants_level();
-- Whether a product is tracked, and below what it runs low, is said on the product and its variants.
CREATE FUNCTION products_stock_rules() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE inventory_level l SET is_tracked = NEW.track_inventory,
    low_stock_threshold = CASE WHEN l.is_product_stock THEN NEW.low_stock_threshold ELSE l.low_stock_threshold END,
    legacy_shortage = stock_shortage(l.on_hand, l.reserved, l.backorder_limit, NEW.track_inventory), updated_at = now()
  FROM product_variants v WHERE v.store_id = NEW.store_id AND v.product_id = NEW.id AND l.store_id = v.store_id
    AND l.variant_id = v.id AND (l.is_tracked <> NEW.track_inventory OR l.is_product_stock);
  RETURN NULL; END $$;
CREATE TRIGGER stock_rules AFTER UPDATE OF track_inventory, low_stock_threshold ON products FOR EACH ROW
  WHEN ((OLD.track_inventory, OLD.low_stock_threshold) IS DISTINCT FROM
        (NEW.track_inventory, NEW.low_stock_threshold))
  EXECUTE FUNCTION products_stock_rules();
CREATE FUNCTION product_variants_stock_rules() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE inventory_level SET low_stock_threshold = NEW.low_stock_threshold, updated_at = now()
  WHERE store_id = NEW.store_id AND variant_id = NEW.id AND NOT is_product_stock;
  RETURN NULL; END $$;
CREATE TRIGGER stock_rules AFTER UPDATE OF low_stock_threshold ON product_variants FOR EACH ROW
  WHEN (OLD.low_stock_threshold <> NEW.low_stock_threshold) EXECUTE FUNCTION product_variants_stock_rules();
-- Called before a program moves levels; says at which step the store stands. While legacy columns follow, their rows
-- are locked first, in the order in which legacy writers come. Holder variants come before their product and are not
-- waited for here.
CREATE FUNCTION lock_stock(store uuid, variants uuid[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  IF default_capability_step() = 'done' THEN RETURN 'done'; END IF;
  PERFORM FROM products p WHERE p.store_id = store AND p.id IN (
    SELECT v.product_id FROM product_variants v WHERE v.store_id = store AND v.id = ANY (variants))
    ORDER BY p.id FOR NO KEY UPDATE;
  PERFORM FROM product_variants v WHERE v.store_id = store AND v.id = ANY (variants) AND NOT EXISTS (
    SELECT FROM inventory_level l WHERE l.store_id = store AND l.variant_id = v.id AND l.is_product_stock)
    ORDER BY v.id FOR NO KEY UPDATE;
  RETURN capability_step(store, 'inventory'); END $$;
-- A store made by a program that knows no legacy column starts where the migration ends. Only one without products:
-- otherwise what its legacy columns hold would never be brought in.
CREATE FUNCTION start_at_done(store uuid) RETURNS void LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$ DECLARE name text; BEGIN
  IF default_capability_step() = 'done' OR current_store_id() IS DISTINCT FROM store
     OR EXISTS (SELECT FROM products WHERE store_id = store) THEN RETURN; END IF;
  -- One by one: each must find the one before it in place.
  FOREACH name IN ARRAY ARRAY['images', 'pricing', 'inventory', 'promotions', 'rbac', 'events', 'i18n'] LOOP
    INSERT INTO capability_state (store_id, capability, step) VALUES (store, name, 'done') ON CONFLICT DO NOTHING;
  END LOOP; END $$;
"""
DROP_LEVELS = """
DROP TRIGGER stock_rules ON product_variants; DROP TRIGGER stock_rules ON products;
DROP TRIGGER stock_level ON product_variants; DROP TRIGGER a_holder ON inventory_level;
DROP FUNCTION start_at_done(uuid), lock_stock(uuid, uuid[]), product_variants_stock_rules(), products_stock_rules(),
  product_variants_level(), inventory_level_holder(), holds_product_stock(product_variants);
-- The stock is the product's own again; a variant that was sold stays, for its order lines.
DELETE FROM product_variants v USING inventory_level l
  WHERE l.store_id = v.store_id AND l.variant_id = v.id AND l.is_product_stock AND v.name = 'Unassigned'
    AND NOT EXISTS (SELECT FROM order_items i WHERE i.store_id = v.store_id AND i.variant_id = v.id);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE inventory_level DROP COLUMN is_product_stock;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(LEVELS)
    op.execute(MIRROR)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DROP_MIRROR)
    op.execute(DROP_LEVELS)
