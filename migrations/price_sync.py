"""The SQL that keeps the list prices of products and variants and the rows of product_price equal.

It reads and writes price_amount and compare_at_amount only, never a legacy float, so it stays after the contract.

The base key of a product or variant is its own currency, no segment, a quantity of one. The window of the base key
that holds now is the list price. A variant without a list price inherits its product's and has no window that holds.
A negative list price, which only a legacy program writes, has no row: the window before it is closed, the column
keeps it. A negative compare-at has none either; the price beside it has.

Moments: a window opens at now(), the start of the writer's transaction, so that the writer itself sees it. Where a
transaction that began later was faster, it opens a microsecond after that one's, and the last writer's price holds.
"""

WINDOWS = """
CREATE FUNCTION mirrors_prices() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('app.mirrors_prices', true), '') = 'on' $$;
-- A negative compare-at is kept back.
CREATE FUNCTION shown_compare_at(amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN amount >= 0 THEN amount END $$;
-- Puts one price into one window of a key. What the window covers of others gives way: they end where it begins, go on
-- where it ends, or go.
CREATE FUNCTION put_price(store uuid, product uuid, variant uuid, code text, segment uuid, quantity integer,
    price bigint, compare_at bigint, since timestamptz, until timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
  DECLARE r product_price; put uuid; BEGIN
  FOR r IN SELECT * FROM product_price x WHERE x.store_id = store AND (x.product_id = product OR x.variant_id = variant)
             AND x.currency = code
             AND x.segment_id IS NOT DISTINCT FROM segment AND x.min_quantity = quantity
             AND coalesce(x.expires_at, 'infinity') > since AND x.effective_at < coalesce(until, 'infinity')
           ORDER BY x.effective_at FOR NO KEY UPDATE LOOP
    IF r.effective_at < since THEN
      UPDATE product_price SET expires_at = since, updated_at = now() WHERE id = r.id;
    END IF;
    IF coalesce(r.expires_at, 'infinity') > coalesce(until, 'infinity') THEN
      IF r.effective_at >= since THEN
        UPDATE product_price SET effective_at = until, updated_at = now() WHERE id = r.id;
      ELSE
        INSERT INTO product_price (store_id, product_id, variant_id, currency, segment_id, min_quantity, amount,
                                   compare_at_amount, effective_at, expires_at)
        VALUES (store, product, variant, code, segment, quantity, r.amount, r.compare_at_amount, until, r.expires_at);
      END IF;
    ELSIF r.effective_at >= since THEN
      IF put IS NULL THEN put := r.id; ELSE DELETE FROM product_price WHERE id = r.id; END IF;
    END IF;
  END LOOP;
  IF put IS NOT NULL THEN
    UPDATE product_price SET amount = price, compare_at_amount = compare_at, effective_at = since, expires_at = until,
      updated_at = now() WHERE id = put;
  ELSE
    INSERT INTO product_price (store_id, product_id, variant_id, currency, segment_id, min_quantity, amount,
                               compare_at_amount, effective_at, expires_at)
    VALUES (store, product, variant, code, segment, quantity, price, compare_at, since, until) RETURNING id INTO put;
  END IF;
  RETURN put; END $$;
-- The window of a key that holds now, and from when until when a price that is set now would hold.
CREATE FUNCTION price_moment(store uuid, product uuid, variant uuid, code text, segment uuid, quantity integer,
    OUT held product_price, OUT since timestamptz, OUT until timestamptz) LANGUAGE plpgsql AS $$
  DECLARE moment timestamptz := clock_timestamp(); r product_price; BEGIN
  since := now();
  FOR r IN SELECT * FROM product_price x WHERE x.store_id = store AND (x.product_id = product OR x.variant_id = variant)
             AND x.currency = code
             AND x.segment_id IS NOT DISTINCT FROM segment AND x.min_quantity = quantity
             AND coalesce(x.expires_at, 'infinity') > now() ORDER BY x.effective_at LOOP
    IF r.effective_at > moment THEN
      until := r.effective_at;
      EXIT;
    END IF;
    IF coalesce(r.expires_at, 'infinity') <= moment THEN since := greatest(since, r.expires_at); CONTINUE; END IF;
    held := r;
    until := r.expires_at;
    -- The same transaction changed it already: nobody has seen that price, so it leaves no history.
    IF r.created_at = now() THEN since := r.effective_at;
    ELSIF r.effective_at >= now() THEN
      since := r.effective_at + interval '1 microsecond';
      IF since >= r.expires_at THEN since := r.effective_at; END IF;
    END IF;
    EXIT;
  END LOOP; END $$;
-- Brings the rows of a base key in line with a list price (NULL or negative: none). `born` is since when the price
-- holds where the key has no row at all.
CREATE FUNCTION write_price_rows(store uuid, product uuid, variant uuid, code text, price bigint, compare_at bigint,
    born timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE m record; BEGIN
  compare_at := shown_compare_at(compare_at);
  SELECT * INTO m FROM price_moment(store, product, variant, code, NULL, 1);
  IF price IS NULL OR price < 0 THEN
    IF (m.held).id IS NULL THEN RETURN false; END IF;
    PERFORM set_config('app.mirrors_prices', 'on', true);
    IF m.since > (m.held).effective_at THEN
      UPDATE product_price SET expires_at = m.since, updated_at = now() WHERE id = (m.held).id;
    ELSE DELETE FROM product_price WHERE id = (m.held).id; END IF;
  ELSIF (m.held).id IS NOT NULL AND (m.held).amount = price
        AND (m.held).compare_at_amount IS NOT DISTINCT FROM compare_at THEN
    RETURN false;
  ELSE
    IF (m.held).id IS NULL AND born < m.since AND NOT EXISTS (
      SELECT FROM product_price x WHERE x.store_id = store AND (x.product_id = product OR x.variant_id = variant)
        AND x.currency = code AND x.segment_id IS NULL AND x.min_quantity = 1 AND x.effective_at <= m.since)
    THEN m.since := born; END IF;
    PERFORM set_config('app.mirrors_prices', 'on', true);
    PERFORM put_price(store, product, variant, code, NULL, 1, price, compare_at, m.since, m.until);
  END IF;
  PERFORM set_config('app.mirrors_prices', 'off', true);
  RETURN true; END $$;
-- Brings the list price in line with the rows. Without a row that holds, a variant inherits; a product keeps its price,
-- because it must have one.
CREATE FUNCTION write_list_price(store uuid, product uuid, variant uuid) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE held product_price; moved integer; code text; BEGIN
  IF variant IS NULL THEN SELECT currency INTO code FROM products WHERE store_id = store AND id = product;
  ELSE SELECT currency INTO code FROM product_variants WHERE store_id = store AND id = variant; END IF;
  IF code IS NULL THEN RETURN 0; END IF;
  SELECT (m.held).* INTO held FROM price_moment(store, product, variant, code, NULL, 1) m;
  IF variant IS NOT NULL THEN
    UPDATE product_variants SET price_amount = held.amount,
      compare_at_amount = CASE WHEN held.id IS NULL THEN compare_at_amount ELSE held.compare_at_amount END
    WHERE store_id = store AND id = variant AND currency = code
      AND (price_amount IS DISTINCT FROM held.amount
           OR held.id IS NOT NULL AND shown_compare_at(compare_at_amount) IS DISTINCT FROM held.compare_at_amount)
      AND (held.id IS NOT NULL OR price_amount >= 0);
  ELSE
    UPDATE products SET price_amount = held.amount, compare_at_amount = held.compare_at_amount
    WHERE store_id = store AND id = product AND currency = code AND held.id IS NOT NULL
      AND (price_amount <> held.amount
           OR shown_compare_at(compare_at_amount) IS DISTINCT FROM held.compare_at_amount);
  END IF;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved; END $$;
-- put_price for a program: the list price follows once the windows are whole.
CREATE FUNCTION set_price_window(store uuid, product uuid, variant uuid, code text, segment uuid, quantity integer,
    price bigint, compare_at bigint, since timestamptz, until timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
  DECLARE put uuid; BEGIN
  PERFORM set_config('app.mirrors_prices', 'on', true);
  put := put_price(store, product, variant, code, segment, quantity, price, compare_at, since, until);
  PERFORM set_config('app.mirrors_prices', 'off', true);
  IF segment IS NULL AND quantity = 1 AND capability_reached(store, 'pricing', 'dual') THEN
    PERFORM write_list_price(store, product, variant);
  END IF;
  RETURN put; END $$;
"""

TRIGGERS = """
-- By statement, so that a bulk load costs one insert.
CREATE FUNCTION list_price_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('app.mirrors_prices', 'on', true);
  INSERT INTO product_price (store_id, product_id, variant_id, currency, amount, compare_at_amount, effective_at)
  SELECT a.store_id, CASE TG_TABLE_NAME WHEN 'products' THEN a.id END,
         CASE TG_TABLE_NAME WHEN 'products' THEN NULL ELSE a.id END, a.currency, a.price_amount,
         shown_compare_at(a.compare_at_amount), least(a.created_at, now())
  FROM added a WHERE a.price_amount >= 0 AND a.store_id IN (
    SELECT s.store_id FROM (SELECT DISTINCT store_id FROM added) s
    WHERE capability_reached(s.store_id, 'pricing', 'shadow')) ON CONFLICT DO NOTHING;
  PERFORM set_config('app.mirrors_prices', 'off', true);
  RETURN NULL; END $$;
CREATE TRIGGER price_added AFTER INSERT ON products REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION list_price_added();
CREATE TRIGGER price_added AFTER INSERT ON product_variants REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION list_price_added();
-- Before a backfill has come by, the old price is brought in first, so that the history has it.
CREATE FUNCTION list_price_changed() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE product uuid := CASE TG_TABLE_NAME WHEN 'products' THEN NEW.id END;
    variant uuid := CASE TG_TABLE_NAME WHEN 'products' THEN NULL ELSE NEW.id END; BEGIN
  IF NOT capability_reached(NEW.store_id, 'pricing', 'shadow') THEN RETURN NULL; END IF;
  IF OLD.price_amount >= 0 AND OLD.created_at < now() AND NOT EXISTS (
    SELECT FROM product_price x WHERE x.store_id = NEW.store_id AND (x.product_id = product OR x.variant_id = variant)
      AND x.currency = OLD.currency AND x.segment_id IS NULL AND x.min_quantity = 1) THEN
    PERFORM set_config('app.mirrors_prices', 'on', true);
    INSERT INTO product_price (store_id, product_id, variant_id, currency, amount, compare_at_amount, effective_at,
                               created_at)
    VALUES (NEW.store_id, product, variant, OLD.currency, OLD.price_amount, shown_compare_at(OLD.compare_at_amount),
            OLD.created_at, OLD.created_at);
    PERFORM set_config('app.mirrors_prices', 'off', true);
  END IF;
  IF OLD.currency <> NEW.currency THEN
    PERFORM write_price_rows(NEW.store_id, product, variant, OLD.currency, NULL, NULL, now());
  END IF;
  PERFORM write_price_rows(NEW.store_id, product, variant, NEW.currency, NEW.price_amount, NEW.compare_at_amount,
                           now());
  RETURN NULL; END $$;
CREATE TRIGGER price_changed AFTER UPDATE ON products FOR EACH ROW
  WHEN ((OLD.price_amount, OLD.compare_at_amount, OLD.currency) IS DISTINCT FROM
        (NEW.price_amount, NEW.compare_at_amount, NEW.currency)) EXECUTE FUNCTION list_price_changed();
CREATE TRIGGER price_changed AFTER UPDATE ON product_variants FOR EACH ROW
  WHEN ((OLD.price_amount, OLD.compare_at_amount, OLD.currency) IS DISTINCT FROM
        (NEW.price_amount, NEW.compare_at_amount, NEW.currency)) EXECUTE FUNCTION list_price_changed();
CREATE FUNCTION product_price_changed() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
  IF mirrors_prices() THEN RETURN NULL; END IF;
  FOR r IN SELECT DISTINCT store_id, product_id, variant_id FROM changed WHERE segment_id IS NULL AND min_quantity = 1
           ORDER BY product_id, variant_id LOOP
    IF capability_reached(r.store_id, 'pricing', 'dual') THEN
      PERFORM write_list_price(r.store_id, r.product_id, r.variant_id);
    END IF;
  END LOOP;
  IF TG_OP = 'UPDATE' THEN
    FOR r IN SELECT DISTINCT store_id, product_id, variant_id FROM was WHERE segment_id IS NULL AND min_quantity = 1
             EXCEPT SELECT store_id, product_id, variant_id FROM changed WHERE segment_id IS NULL AND min_quantity = 1
             ORDER BY product_id, variant_id LOOP
      IF capability_reached(r.store_id, 'pricing', 'dual') THEN
        PERFORM write_list_price(r.store_id, r.product_id, r.variant_id);
      END IF;
    END LOOP;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER list_added AFTER INSERT ON product_price REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_price_changed();
CREATE TRIGGER list_changed AFTER UPDATE ON product_price REFERENCING OLD TABLE AS was NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_price_changed();
CREATE TRIGGER list_removed AFTER DELETE ON product_price REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_price_changed();
"""

# A negative price is kept back and not stale. `row_amount` NULL: no window holds. Without nested loops, because on
# tables that grew since they were analysed the planner takes one over the GiST index: 40 s for 10,000 products.
REFRESH = """
CREATE FUNCTION stale_list_prices(store uuid) RETURNS TABLE (product uuid, variant uuid, list_amount bigint,
    list_compare_at bigint, row_amount bigint, row_compare_at bigint, code text) LANGUAGE sql
    SET enable_nestloop = off AS $$
  SELECT p.id, NULL::uuid, p.price_amount, p.compare_at_amount, r.amount, r.compare_at_amount, p.currency
  FROM products p LEFT JOIN product_price r ON r.store_id = store AND r.product_id = p.id AND r.currency = p.currency
    AND r.segment_id IS NULL AND r.min_quantity = 1 AND r.during @> clock_timestamp()
  WHERE p.store_id = store AND (p.price_amount >= 0 OR r.id IS NOT NULL)
    AND (p.price_amount IS DISTINCT FROM r.amount
         OR shown_compare_at(p.compare_at_amount) IS DISTINCT FROM r.compare_at_amount)
  UNION ALL
  SELECT v.product_id, v.id, v.price_amount, v.compare_at_amount, r.amount, r.compare_at_amount, v.currency
  FROM product_variants v LEFT JOIN product_price r ON r.store_id = store AND r.variant_id = v.id
    AND r.currency = v.currency AND r.segment_id IS NULL AND r.min_quantity = 1 AND r.during @> clock_timestamp()
  WHERE v.store_id = store AND (v.price_amount >= 0 OR r.id IS NOT NULL)
    AND (v.price_amount IS DISTINCT FROM r.amount
         OR r.id IS NOT NULL AND shown_compare_at(v.compare_at_amount) IS DISTINCT FROM r.compare_at_amount) $$;
-- Windows begin and end by time alone. From dual on the list price follows them; before, the list price leads and the
-- rows follow it. Returns how many list prices were moved; a row that somebody holds waits for the next run.
CREATE FUNCTION refresh_list_prices(store uuid) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE r record; moved integer := 0; is_dual boolean := capability_reached(store, 'pricing', 'dual'); BEGIN
  IF NOT capability_reached(store, 'pricing', 'shadow') THEN RETURN 0; END IF;
  FOR r IN SELECT * FROM stale_list_prices(store) s WHERE is_dual OR EXISTS (
             SELECT FROM product_price x WHERE x.store_id = store AND x.segment_id IS NULL AND x.min_quantity = 1
               AND (x.product_id = s.product AND s.variant IS NULL OR x.variant_id = s.variant))
           ORDER BY s.product, s.variant NULLS FIRST LOOP
    IF NOT lock_product_briefly(store, r.product) THEN CONTINUE; END IF;
    IF r.variant IS NOT NULL AND NOT lock_variant_briefly(store, r.variant) THEN CONTINUE; END IF;
    IF is_dual THEN
      moved := moved + write_list_price(store, CASE WHEN r.variant IS NULL THEN r.product END, r.variant);
    ELSIF r.variant IS NULL THEN
      PERFORM write_price_rows(store, p.id, NULL, p.currency, p.price_amount, p.compare_at_amount, now())
        FROM products p WHERE p.store_id = store AND p.id = r.product;
    ELSE
      PERFORM write_price_rows(store, NULL, v.id, v.currency, v.price_amount, v.compare_at_amount, now())
        FROM product_variants v WHERE v.store_id = store AND v.id = r.variant;
    END IF;
  END LOOP;
  RETURN moved; END $$;
"""

SYNC = WINDOWS + TRIGGERS + REFRESH
DROP_SYNC = """
DROP TRIGGER list_added ON product_price; DROP TRIGGER list_changed ON product_price;
DROP TRIGGER list_removed ON product_price;
DROP TRIGGER price_changed ON product_variants; DROP TRIGGER price_changed ON products;
DROP TRIGGER price_added ON product_variants; DROP TRIGGER price_added ON products;
DROP FUNCTION refresh_list_prices(uuid), stale_list_prices(uuid), product_price_changed(), list_price_changed(),
  list_price_added(), write_list_price(uuid, uuid, uuid),
  set_price_window(uuid, uuid, uuid, text, uuid, integer, bigint, bigint, timestamptz, timestamptz),
  write_price_rows(uuid, uuid, uuid, text, bigint, bigint, timestamptz),
  price_moment(uuid, uuid, uuid, text, uuid, integer),
  put_price(uuid, uuid, uuid, text, uuid, integer, bigint, bigint, timestamptz, timestamptz),
  shown_compare_at(bigint), mirrors_prices();
"""
