"""The SQL that brings the levels of a store up to date from the legacy stock columns, and that compares the two."""

BACKFILL = """
-- NULL when somebody else holds the level: he is moving it, and the mirror with him.
CREATE FUNCTION settle_stock(store uuid, variant uuid, quantity integer, tracked boolean) RETURNS integer
  LANGUAGE plpgsql AS $$ DECLARE l inventory_level; BEGIN
  SELECT * INTO l FROM inventory_level WHERE store_id = store AND variant_id = variant FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF l.is_tracked <> tracked THEN
    UPDATE inventory_level SET is_tracked = tracked,
      legacy_shortage = stock_shortage(on_hand, reserved, backorder_limit, tracked)
    WHERE store_id = store AND variant_id = variant;
  END IF;
  IF quantity <> l.on_hand THEN
    PERFORM move_stock(store, variant, quantity - l.on_hand, 'correction', 'the legacy column says otherwise');
  END IF;
  RETURN quantity - l.on_hand; END $$;
-- What had to be decided for one product, whose row the caller has locked. Nothing else is waited for.
CREATE FUNCTION sync_product_stock(store uuid, product uuid) RETURNS TABLE (kind text, amount bigint, detail jsonb)
  LANGUAGE plpgsql AS $$
  DECLARE p products; o record; v product_variants; moved integer; copy integer; known integer := 0; BEGIN
  SELECT * INTO p FROM products WHERE store_id = store AND id = product;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM add_default_variant(p);
  o := open_product_stock(store, product, p.inventory_qty, false);
  moved := CASE WHEN o.is_made THEN o.drift ELSE settle_stock(store, o.held, p.inventory_qty, p.track_inventory) END;
  RETURN QUERY SELECT f.* FROM (VALUES
    ('levels', o.is_made::integer::bigint, NULL::jsonb),
    ('replayed', CASE WHEN o.is_made THEN o.replayed ELSE 0 END, NULL),
    ('zero_logs', CASE WHEN o.is_made THEN o.skipped ELSE 0 END, NULL),
    ('unassigned', o.is_unassigned::integer, jsonb_build_object('sku', p.sku, 'quantity', p.inventory_qty)),
    ('negative', (o.is_made AND p.inventory_qty < 0)::integer,
     jsonb_build_object('sku', p.sku, 'quantity', p.inventory_qty)),
    ('untracked', (o.is_made AND NOT p.track_inventory)::integer, NULL),
    ('busy', (o.held IS NOT NULL AND moved IS NULL)::integer, NULL),
    ('drift', abs(moved), jsonb_build_object('sku', p.sku, 'quantity', p.inventory_qty, 'unexplained', moved))
    ) f WHERE f.column2 > 0;
  FOR v IN SELECT * FROM product_variants x WHERE x.store_id = store AND x.product_id = product
           ORDER BY x.id FOR NO KEY UPDATE SKIP LOCKED LOOP
    known := known + 1;
    IF v.id = o.held THEN
      copy := p.inventory_qty - v.inventory_qty;
      IF copy <> 0 THEN
        UPDATE product_variants SET inventory_qty = p.inventory_qty WHERE store_id = store AND id = v.id;
        RETURN QUERY SELECT 'default_differed', abs(copy)::bigint,
          jsonb_build_object('sku', v.sku, 'product', p.inventory_qty, 'variant', v.inventory_qty);
      END IF;
    ELSIF open_variant_stock(store, v.id, v.inventory_qty) THEN
      RETURN QUERY SELECT 'levels', 1::bigint, NULL::jsonb;
      IF v.inventory_qty < 0 THEN
        RETURN QUERY SELECT 'negative', 1::bigint, jsonb_build_object('sku', v.sku, 'quantity', v.inventory_qty);
      END IF;
    ELSE
      moved := settle_stock(store, v.id, v.inventory_qty, p.track_inventory);
      IF moved IS DISTINCT FROM 0 THEN
        RETURN QUERY SELECT CASE WHEN moved IS NULL THEN 'busy' ELSE 'drift' END, coalesce(abs(moved), 1)::bigint,
          jsonb_build_object('sku', v.sku, 'quantity', v.inventory_qty, 'unexplained', moved);
      END IF;
    END IF;
  END LOOP;
  RETURN QUERY SELECT 'busy', count(*) - known, NULL::jsonb FROM product_variants x
    WHERE x.store_id = store AND x.product_id = product HAVING count(*) > known; END $$;
-- Plans made while the level table is empty are kept while it fills: they must not scan it.
CREATE FUNCTION backfill_inventory(store uuid, after uuid, size integer)
  RETURNS TABLE (last_id uuid, row_count integer, report jsonb) LANGUAGE plpgsql SET enable_seqscan = off AS $$
  DECLARE wanted uuid[]; facts jsonb[] := '{}'; until timestamptz; BEGIN
  wanted := ARRAY(SELECT p.id FROM products p WHERE p.store_id = store AND (after IS NULL OR p.id > after)
                  ORDER BY p.id LIMIT size);
  row_count := 0; report := '{}';
  IF cardinality(wanted) = 0 THEN RETURN NEXT; RETURN; END IF;
  -- Only the first is waited for, while nothing is held; the batch ends before the next one that somebody holds.
  -- So a legacy program that writes several products in any order can't meet it in a deadlock.
  PERFORM FROM products p WHERE p.id = wanted[1] FOR NO KEY UPDATE;
  PERFORM set_config('app.mirrors_stock', 'on', true);
  -- Nobody waits long for a row of a batch, however slow the machine: it ends early rather than late.
  until := clock_timestamp() + interval '250 ms';
  FOR place IN 1 .. cardinality(wanted) LOOP
    IF place > 1 THEN
      PERFORM FROM products p WHERE p.id = wanted[place] FOR NO KEY UPDATE SKIP LOCKED;
      EXIT WHEN NOT FOUND OR clock_timestamp() > until;
    END IF;
    facts := facts || ARRAY(SELECT to_jsonb(f) FROM sync_product_stock(store, wanted[place]) f);
    row_count := place;
  END LOOP;
  PERFORM set_config('app.mirrors_stock', 'off', true);
  last_id := wanted[row_count];
  WITH summed AS (
    SELECT f ->> 'kind' AS kind, sum((f -> 'amount')::bigint) AS amount, count(*) AS times, jsonb_path_query_array(
             jsonb_agg(f -> 'detail') FILTER (WHERE f -> 'detail' <> 'null'), '$[0 to 9]') AS examples
    FROM unnest(facts) f GROUP BY 1)
  SELECT coalesce(jsonb_object_agg(s.name, s.value), '{}') INTO report FROM (
    SELECT kind AS name, to_jsonb(amount) AS value FROM summed
    UNION ALL SELECT kind || '_examples', examples FROM summed WHERE examples IS NOT NULL
    UNION ALL SELECT 'drift_count', to_jsonb(times) FROM summed WHERE kind = 'drift') s;
  RETURN NEXT; END $$;
-- One statement, one snapshot: what a writer has not committed is on neither side.
CREATE FUNCTION divergences_inventory(store uuid) RETURNS TABLE (entity_id uuid, kind text, detail jsonb)
  LANGUAGE sql STABLE AS $$
  WITH stock AS (
    SELECT v.id, v.product_id, v.inventory_qty AS legacy, l.on_hand, coalesce(l.is_product_stock, false) AS is_held,
           l.is_tracked, l.variant_id IS NULL AS is_missing
    FROM product_variants v LEFT JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
    WHERE v.store_id = store),
  ledger AS (SELECT a.variant_id, sum(a.delta) AS total FROM inventory_adjustment a WHERE a.store_id = store GROUP BY 1)
  SELECT s.id, 'no level', jsonb_build_object('legacy', s.legacy) FROM stock s WHERE s.is_missing
  UNION ALL SELECT s.id, 'variant', jsonb_build_object('legacy', s.legacy, 'new', s.on_hand)
    FROM stock s WHERE NOT s.is_held AND s.legacy <> s.on_hand
  UNION ALL SELECT p.id, 'product', jsonb_build_object('legacy', p.inventory_qty, 'new', h.on_hand)
    FROM products p LEFT JOIN stock h ON h.product_id = p.id AND h.is_held
    WHERE p.store_id = store AND p.inventory_qty <> coalesce(h.on_hand, 0)
  UNION ALL SELECT h.id, 'copy', jsonb_build_object('product', p.inventory_qty, 'variant', h.legacy)
    FROM products p JOIN stock h ON h.product_id = p.id AND h.is_held
    WHERE p.store_id = store AND p.inventory_qty <> h.legacy
  UNION ALL SELECT s.id, 'tracking', jsonb_build_object('legacy', p.track_inventory, 'new', s.is_tracked)
    FROM products p JOIN stock s ON s.product_id = p.id
    WHERE p.store_id = store AND p.track_inventory <> s.is_tracked
  UNION ALL SELECT s.id, 'ledger', jsonb_build_object('level', s.on_hand, 'ledger', coalesce(a.total, 0))
    FROM stock s LEFT JOIN ledger a ON a.variant_id = s.id
    WHERE NOT s.is_missing AND s.on_hand <> coalesce(a.total, 0) $$;
-- From dual on the legacy columns follow the levels. A copy that could not be written in time is written here, under
-- both locks that a legacy writer takes, so that no sale between is undone.
CREATE FUNCTION refresh_legacy_stock(store uuid) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE stale record; told integer := 0; BEGIN
  IF NOT capability_reached(store, 'inventory', 'dual') THEN RETURN 0; END IF;
  PERFORM set_config('app.mirrors_stock', 'on', true);
  FOR stale IN
    SELECT v.id, v.product_id FROM product_variants v
    JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
    JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = store
      AND (v.inventory_qty <> l.on_hand OR l.is_product_stock AND p.inventory_qty <> l.on_hand)
    ORDER BY v.product_id, v.id LOOP
    IF lock_product_soon(store, stale.product_id) AND lock_variant_soon(store, stale.id) THEN
      PERFORM write_legacy_stock(store, CASE WHEN l.is_product_stock THEN stale.product_id END, stale.id, l.on_hand)
        FROM inventory_level l WHERE l.store_id = store AND l.variant_id = stale.id;
      told := told + 1;
    END IF;
  END LOOP;
  PERFORM set_config('app.mirrors_stock', 'off', true);
  RETURN told; END $$;
REVOKE ALL ON FUNCTION refresh_legacy_stock(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION backfill_inventory(uuid, uuid, integer), divergences_inventory(uuid),
  sync_product_stock(uuid, uuid), settle_stock(uuid, uuid, integer, boolean) FROM PUBLIC;
"""
DROP_BACKFILL = """
DROP FUNCTION refresh_legacy_stock(uuid);
DROP FUNCTION divergences_inventory(uuid), backfill_inventory(uuid, uuid, integer), sync_product_stock(uuid, uuid),
  settle_stock(uuid, uuid, integer, boolean);
"""
