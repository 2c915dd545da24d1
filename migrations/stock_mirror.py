"""The SQL of the mirror between the legacy stock columns and the levels: revision 0024 makes it, the contract ends it.

The contract runs `DROP_MIRROR` before it drops products.inventory_qty, products.inventory_status and
product_variants.inventory_qty; its downgrade runs `MIRROR` once they are back.

One product has at most one variant whose level holds the product's own stock (`is_product_stock`): the generated
default variant, else one named Unassigned. Locks are taken in the order holder variant, product, other variant,
level. Where a mirror has to go against that order it waits less than deadlock_timeout and then leaves the copy as
it is: the level is right, `divergences_inventory` names the copy, and the next write or, from dual on,
`refresh_legacy_stock` brings it in.
"""

from migrations.brief_locks import brief_lock
from migrations.stock_backfill import BACKFILL, DROP_BACKFILL

_OPENING = """
CREATE FUNCTION stock_reason_code(reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN reason ~* 'cancel|refund|return' THEN 'return'
              WHEN reason ~* '\\msale|\\msold|^order_created$' THEN 'sale' ELSE 'manual' END $$;
CREATE FUNCTION mirrors_stock() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('app.mirrors_stock', true), '') = 'on' $$;
-- Both waits are shorter than deadlock_timeout, so that no writer ever sees a deadlock of the mirror's making.
"""
_LOCKS = "".join((
    brief_lock("lock_product_soon", table="products", argument="product", patience="800ms"),
    brief_lock("lock_variant_soon", table="product_variants", argument="variant", patience="50ms"),
))
_MOVING = """CREATE FUNCTION legacy_stock_status(quantity integer, threshold integer, old inventory_status)
  RETURNS inventory_status LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN old = 'DISCONTINUED' THEN old WHEN quantity = 0 THEN 'OUT_OF_STOCK'
              WHEN quantity <= threshold THEN 'LOW_STOCK' ELSE 'IN_STOCK' END $$;
-- Legacy knows no floor: the shortage grows with what it sells too much, and goes again with it.
CREATE FUNCTION move_stock(store uuid, variant uuid, change integer, code text, why text, said text DEFAULT NULL,
                           who uuid DEFAULT NULL, log uuid DEFAULT NULL)
  RETURNS integer LANGUAGE plpgsql AS $$ DECLARE here integer; BEGIN
  UPDATE inventory_level SET on_hand = on_hand + change, updated_at = now(),
    legacy_shortage = stock_shortage(on_hand::bigint + change, reserved, backorder_limit, is_tracked)
  WHERE store_id = store AND variant_id = variant RETURNING on_hand INTO here;
  IF FOUND AND change <> 0 THEN
    INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code, reason_detail, note, user_id,
                                      inventory_log_id)
    VALUES (store, variant, change, code, why, said, who, log);
  END IF;
  RETURN here; END $$;
CREATE FUNCTION add_unassigned_variant(product products, quantity integer) RETURNS uuid LANGUAGE plpgsql AS $$
  DECLARE added uuid; attempt integer := 1; BEGIN
  LOOP
    INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, inventory_qty,
                                  low_stock_threshold, is_default, deleted_at)
    VALUES (product.store_id, product.id, 'Unassigned',
            product.sku || '-unassigned' || CASE WHEN attempt > 1 THEN '-' || attempt ELSE '' END, product.currency,
            '{}', quantity, product.low_stock_threshold, false, product.deleted_at)
    ON CONFLICT (store_id, sku) WHERE deleted_at IS NULL DO NOTHING RETURNING id INTO added;
    IF FOUND THEN RETURN added; END IF;
    attempt := attempt + 1;
  END LOOP; END $$;
-- The level of a product's own stock, with `quantity` in it if it has to be made: what was there before the first
-- log, every log of earlier transactions once, and as a correction what they don't explain.
CREATE FUNCTION open_product_stock(store uuid, product uuid, quantity integer, is_needed boolean, OUT held uuid,
    OUT is_made boolean, OUT is_unassigned boolean, OUT replayed integer, OUT skipped integer, OUT drift integer)
  LANGUAGE plpgsql AS $$
  DECLARE p products; first_qty integer; first_at timestamptz; total integer; BEGIN
  is_made := false; is_unassigned := false; replayed := 0; skipped := 0; drift := 0;
  SELECT l.variant_id INTO held FROM product_variants v
    JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
    WHERE v.store_id = store AND v.product_id = product AND l.is_product_stock ORDER BY 1 LIMIT 1;
  IF FOUND THEN RETURN; END IF;
  SELECT * INTO p FROM products WHERE store_id = store AND id = product;
  SELECT v.id INTO held FROM product_variants v
    WHERE v.store_id = store AND v.product_id = product AND holds_product_stock(v) AND NOT EXISTS (
      SELECT FROM inventory_level l WHERE l.store_id = store AND l.variant_id = v.id) ORDER BY 1 LIMIT 1;
  SELECT count(*) FILTER (WHERE change_qty <> 0), count(*) FILTER (WHERE change_qty = 0),
         coalesce(sum(change_qty), 0), (array_agg(previous_qty ORDER BY created_at, id))[1], min(created_at)
    INTO replayed, skipped, total, first_qty, first_at FROM inventory_logs l
    WHERE l.store_id = store AND l.product_id = product AND l.xmin <> pg_current_xact_id()::xid;
  IF held IS NULL THEN
    IF quantity = 0 AND first_at IS NULL AND NOT is_needed THEN RETURN; END IF;
    held := add_unassigned_variant(p, quantity);
    is_unassigned := true;
  END IF;
  INSERT INTO inventory_level (store_id, variant_id, on_hand, legacy_shortage, is_tracked, low_stock_threshold,
                               is_product_stock)
  VALUES (store, held, quantity, stock_shortage(quantity, 0, 0, p.track_inventory),
          p.track_inventory, p.low_stock_threshold, true) ON CONFLICT DO NOTHING;
  is_made := FOUND;
  IF NOT FOUND THEN RETURN; END IF;
  first_qty := coalesce(first_qty, quantity);
  drift := quantity - first_qty - total;
  INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code, reason_detail, note, user_id,
                                    inventory_log_id, created_at)
  SELECT store, held, r.* FROM (
    SELECT first_qty, 'initial', 'legacy stock', NULL, NULL::uuid, NULL::uuid,
           coalesce(first_at - interval '1 ms', p.created_at)
    UNION ALL SELECT l.change_qty, stock_reason_code(l.reason), l.reason, l.note, l.user_id, l.id, l.created_at
      FROM inventory_logs l
      WHERE l.store_id = store AND l.product_id = product AND l.xmin <> pg_current_xact_id()::xid
    UNION ALL SELECT drift, 'correction', 'not in the legacy log', NULL, NULL, NULL, now()) r (change)
  WHERE r.change <> 0; END $$;
-- The level of a variant; `quantity` NULL takes what its row says. Logs are by product, so it has no history.
CREATE FUNCTION open_variant_stock(store uuid, variant uuid, quantity integer) RETURNS boolean
  LANGUAGE plpgsql AS $$ DECLARE v product_variants; BEGIN
  SELECT * INTO v FROM product_variants WHERE store_id = store AND id = variant;
  IF NOT FOUND OR EXISTS (SELECT FROM inventory_level WHERE store_id = store AND variant_id = variant) THEN
    RETURN false; END IF;
  IF holds_product_stock(v) THEN
    PERFORM lock_product_soon(store, v.product_id);
    PERFORM open_product_stock(store, p.id, p.inventory_qty, true) FROM products p
      WHERE p.store_id = store AND p.id = v.product_id;
  END IF;
  quantity := coalesce(quantity, v.inventory_qty);
  INSERT INTO inventory_level (store_id, variant_id, on_hand, legacy_shortage, is_tracked, low_stock_threshold)
  SELECT store, variant, quantity, stock_shortage(quantity, 0, 0, p.track_inventory),
         p.track_inventory, v.low_stock_threshold
  FROM products p WHERE p.store_id = store AND p.id = v.product_id ON CONFLICT DO NOTHING;
  IF FOUND AND quantity <> 0 THEN
    INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code, reason_detail, created_at)
    VALUES (store, variant, quantity, 'initial', 'legacy stock', v.created_at);
  END IF;
  RETURN true; END $$;
"""

_TRIGGERS = """
-- What a legacy program said about a change of stock: the log row it wrote before it, in the same transaction.
CREATE FUNCTION mirror_legacy_write(store uuid, product uuid, variant uuid, change bigint) RETURNS integer
  LANGUAGE plpgsql AS $$ DECLARE log record; half integer := change / 2; BEGIN
  IF abs(change) > 2147483647 THEN
    PERFORM move_stock(store, variant, half, 'manual', 'legacy write');
    change := change - half;
  END IF;
  SELECT l.id, l.reason, l.note, l.user_id INTO log FROM (
    SELECT x.*, x.xmin AS born FROM inventory_logs x WHERE x.store_id = store AND x.product_id = product
    ORDER BY x.created_at DESC, x.id DESC LIMIT 5) l
    WHERE l.born = pg_current_xact_id()::xid AND l.change_qty = change AND NOT EXISTS (
      SELECT FROM inventory_adjustment a WHERE a.store_id = store AND a.inventory_log_id = l.id)
    ORDER BY l.created_at, l.id LIMIT 1;
  IF FOUND THEN
    RETURN move_stock(store, variant, change::integer, stock_reason_code(log.reason), log.reason, log.note,
                      log.user_id, log.id);
  END IF;
  RETURN move_stock(store, variant, change::integer, 'manual', 'legacy write'); END $$;
CREATE FUNCTION write_legacy_stock(store uuid, product uuid, variant uuid, quantity integer) RETURNS void
  LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM products WHERE store_id = store AND id = product AND inventory_qty <> quantity)
     AND lock_product_soon(store, product) THEN
    UPDATE products SET inventory_qty = quantity,
      inventory_status = legacy_stock_status(quantity, low_stock_threshold, inventory_status)
    WHERE store_id = store AND id = product AND inventory_qty <> quantity;
  END IF;
  IF EXISTS (SELECT FROM product_variants WHERE store_id = store AND id = variant AND inventory_qty <> quantity)
     AND lock_variant_soon(store, variant) THEN
    UPDATE product_variants SET inventory_qty = quantity
    WHERE store_id = store AND id = variant AND inventory_qty <> quantity;
  END IF; END $$;
CREATE FUNCTION products_stock() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE kept uuid; here integer; BEGIN
  -- A product without variants was made in this transaction: the trigger at commit takes what it then says.
  IF mirrors_stock() OR NOT capability_reached(NEW.store_id, 'inventory', 'shadow')
     OR NOT EXISTS (SELECT FROM product_variants WHERE store_id = NEW.store_id AND product_id = NEW.id)
  THEN RETURN NULL; END IF;
  PERFORM set_config('app.mirrors_stock', 'on', true);
  SELECT o.held INTO kept FROM open_product_stock(NEW.store_id, NEW.id, OLD.inventory_qty, true) o;
  here := mirror_legacy_write(NEW.store_id, NEW.id, kept, NEW.inventory_qty::bigint - OLD.inventory_qty);
  PERFORM write_legacy_stock(NEW.store_id, NEW.id, kept,
    CASE WHEN capability_reached(NEW.store_id, 'inventory', 'dual') THEN here ELSE NEW.inventory_qty END);
  PERFORM set_config('app.mirrors_stock', 'off', true);
  RETURN NULL; END $$;
CREATE TRIGGER stock AFTER UPDATE OF inventory_qty ON products FOR EACH ROW
  WHEN (OLD.inventory_qty <> NEW.inventory_qty) EXECUTE FUNCTION products_stock();
-- The holder's own column and its product's are one number: a change of either goes to the same level.
CREATE FUNCTION product_variants_stock() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE change bigint := NEW.inventory_qty::bigint - OLD.inventory_qty; here integer; wanted integer; is_dual boolean;
  parent uuid; BEGIN
  IF mirrors_stock() OR NOT capability_reached(NEW.store_id, 'inventory', 'shadow') THEN RETURN NULL; END IF;
  is_dual := capability_reached(NEW.store_id, 'inventory', 'dual');
  PERFORM set_config('app.mirrors_stock', 'on', true);
  PERFORM open_variant_stock(NEW.store_id, NEW.id, OLD.inventory_qty);
  SELECT NEW.product_id INTO parent FROM inventory_level l
    WHERE l.store_id = NEW.store_id AND l.variant_id = NEW.id AND l.is_product_stock;
  IF parent IS NOT NULL AND NOT lock_product_soon(NEW.store_id, parent) THEN parent := NULL; END IF;
  here := mirror_legacy_write(NEW.store_id, NEW.product_id, NEW.id, change);
  SELECT p.inventory_qty + change INTO wanted FROM products p WHERE p.store_id = NEW.store_id AND p.id = parent;
  PERFORM write_legacy_stock(NEW.store_id, parent, NEW.id,
    CASE WHEN is_dual THEN here ELSE coalesce(wanted, NEW.inventory_qty) END);
  PERFORM set_config('app.mirrors_stock', 'off', true);
  RETURN NULL; END $$;
CREATE TRIGGER stock AFTER UPDATE OF inventory_qty ON product_variants FOR EACH ROW
  WHEN (OLD.inventory_qty <> NEW.inventory_qty) EXECUTE FUNCTION product_variants_stock();
-- A log row that comes after its change: the ledger's row of the same transaction, which nobody has seen yet, is
-- written again with the reason.
CREATE FUNCTION inventory_logs_stock() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE mute inventory_adjustment; BEGIN
  IF NOT capability_reached(NEW.store_id, 'inventory', 'shadow') THEN RETURN NULL; END IF;
  DELETE FROM inventory_adjustment WHERE id = (
    SELECT a.id FROM product_variants v
    JOIN inventory_adjustment a ON a.store_id = v.store_id AND a.variant_id = v.id AND a.created_at = now()
    WHERE v.store_id = NEW.store_id AND v.product_id = NEW.product_id AND a.delta = NEW.change_qty
      AND a.inventory_log_id IS NULL AND a.reason_detail = 'legacy write' AND a.xmin = pg_current_xact_id()::xid
    ORDER BY a.id LIMIT 1) RETURNING * INTO mute;
  IF FOUND THEN
    INSERT INTO inventory_adjustment (id, store_id, variant_id, delta, reason_code, reason_detail, note, user_id,
                                      inventory_log_id)
    VALUES (mute.id, mute.store_id, mute.variant_id, mute.delta, stock_reason_code(NEW.reason), NEW.reason, NEW.note,
            NEW.user_id, NEW.id);
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER stock AFTER INSERT ON inventory_logs FOR EACH ROW EXECUTE FUNCTION inventory_logs_stock();
CREATE FUNCTION inventory_level_stock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF mirrors_stock() OR NOT capability_reached(NEW.store_id, 'inventory', 'dual') THEN RETURN NULL; END IF;
  PERFORM set_config('app.mirrors_stock', 'on', true);
  PERFORM write_legacy_stock(NEW.store_id, CASE WHEN NEW.is_product_stock THEN v.product_id END, v.id, NEW.on_hand)
    FROM product_variants v WHERE v.store_id = NEW.store_id AND v.id = NEW.variant_id;
  PERFORM set_config('app.mirrors_stock', 'off', true);
  RETURN NULL; END $$;
CREATE TRIGGER stock AFTER INSERT OR UPDATE OF on_hand ON inventory_level
  FOR EACH ROW EXECUTE FUNCTION inventory_level_stock();
-- At commit, after the trigger that adds the default variant.
CREATE FUNCTION products_level() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF capability_reached(NEW.store_id, 'inventory', 'shadow') THEN
    PERFORM set_config('app.mirrors_stock', 'on', true);
    PERFORM open_product_stock(p.store_id, p.id, p.inventory_qty, false) FROM products p
      WHERE p.store_id = NEW.store_id AND p.id = NEW.id;
    PERFORM set_config('app.mirrors_stock', 'off', true);
  END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER stock_level AFTER INSERT ON products DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION products_level();
-- Whoever deletes the holder does not mean the product's own stock while legacy is read: another variant takes it.
CREATE FUNCTION product_variants_gone() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE p products; BEGIN
  IF NOT capability_reached(OLD.store_id, 'inventory', 'shadow')
     OR EXISTS (SELECT FROM product_variants v JOIN inventory_level l
                  ON l.store_id = v.store_id AND l.variant_id = v.id
                WHERE v.store_id = OLD.store_id AND v.product_id = OLD.product_id AND l.is_product_stock)
     OR NOT lock_product_soon(OLD.store_id, OLD.product_id) THEN RETURN NULL; END IF;
  SELECT * INTO p FROM products WHERE store_id = OLD.store_id AND id = OLD.product_id;
  PERFORM set_config('app.mirrors_stock', 'on', true);
  IF capability_reached(OLD.store_id, 'inventory', 'read_new') THEN
    PERFORM write_legacy_stock(p.store_id, p.id, NULL, 0);
  ELSE
    PERFORM add_default_variant(p);
    PERFORM open_product_stock(p.store_id, p.id, p.inventory_qty, false);
  END IF;
  PERFORM set_config('app.mirrors_stock', 'off', true);
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER stock_gone AFTER DELETE ON product_variants DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION product_variants_gone();
"""

MIRROR = _OPENING + _LOCKS + _MOVING + _TRIGGERS + BACKFILL
DROP_MIRROR = DROP_BACKFILL + """
DROP TRIGGER stock_gone ON product_variants; DROP TRIGGER stock_level ON products;
DROP TRIGGER stock ON inventory_level; DROP TRIGGER stock ON inventory_logs;
DROP TRIGGER stock ON product_variants; DROP TRIGGER stock ON products;
DROP FUNCTION product_variants_gone(), products_level(), inventory_level_stock(), inventory_logs_stock(),
  product_variants_stock(), products_stock(), write_legacy_stock(uuid, uuid, uuid, integer),
  mirror_legacy_write(uuid, uuid, uuid, bigint), open_variant_stock(uuid, uuid, integer),
  open_product_stock(uuid, uuid, integer, boolean), add_unassigned_variant(products, integer),
  move_stock(uuid, uuid, integer, text, text, text, uuid, uuid),
  legacy_stock_status(integer, integer, inventory_status), lock_variant_soon(uuid, uuid), lock_product_soon(uuid, uuid),
  mirrors_stock(), stock_reason_code(text);
"""
