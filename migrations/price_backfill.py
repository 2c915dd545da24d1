"""The SQL that brings legacy prices into product_price: revision 0022 makes it, the contract ends it.

The contract runs `DROP_BACKFILL` before it drops the float columns, which the report reads; its downgrade runs
`BACKFILL` once they are back. The sync of list prices (`migrations.price_sync`) needs neither.

In the report, rounded counts floats that are no whole number of minor units. rounded_billionths is the sum of what
rounding changed, in billionths of the major unit: a whole number, so that the batches add up exactly.
"""

FUNCTIONS = (
    "divergences_pricing(uuid)",
    "backfill_pricing(uuid, uuid, integer)",
    "price_findings(uuid, uuid[])",
    "is_rounded(double precision, double precision)",
)

_REPORT = """
CREATE FUNCTION is_rounded(written double precision, kept double precision) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(abs(written - kept) > 1e-9 * greatest(abs(written), abs(kept)), false) $$;
-- What stands in the legacy columns of these products and their variants and needed a decision.
CREATE FUNCTION price_findings(store uuid, products uuid[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH list AS (
    SELECT p.id, 'product' AS entity, p.sku, p.price, p.price_amount, p.compare_at_price, p.compare_at_amount,
           p.currency FROM products p WHERE p.store_id = store AND p.id = ANY (products)
    UNION ALL SELECT v.id, 'variant', v.sku, v.price, v.price_amount, v.compare_at_price, v.compare_at_amount,
           v.currency FROM product_variants v WHERE v.store_id = store AND v.product_id = ANY (products)),
  found AS (
    SELECT l.*, f.written, f.kept, f.name, is_rounded(f.written, f.kept) AS is_rounded FROM list l, LATERAL (VALUES
      ('price', l.price, float_from_minor(l.price_amount, l.currency)),
      ('compare_at_price', l.compare_at_price, float_from_minor(l.compare_at_amount, l.currency)))
      f (name, written, kept) WHERE f.written IS NOT NULL AND f.kept IS NOT NULL),
  examples AS (
    SELECT 'rounded' AS kind, id, entity, sku, name, written, kept FROM found WHERE is_rounded
    UNION ALL SELECT 'negative', id, entity, sku, name, written, kept FROM found WHERE kept < 0)
  SELECT jsonb_build_object(
    'variants', (SELECT count(*) FROM list WHERE entity = 'variant'),
    'rounded', (SELECT count(*) FROM found WHERE is_rounded),
    'rounded_billionths', (SELECT coalesce(round(sum(abs(written::numeric - kept::numeric)) * 1000000000), 0)
                           FROM found WHERE is_rounded),
    'negative', (SELECT count(*) FROM list WHERE price_amount < 0),
    'negative_compare_at', (SELECT count(*) FROM list WHERE compare_at_amount < 0),
    'compare_at_below_price', (SELECT count(*) FROM list WHERE compare_at_amount BETWEEN 0 AND price_amount - 1),
    'compare_at_without_price', (SELECT count(*) FROM list
                                 WHERE price_amount IS NULL AND compare_at_amount IS NOT NULL),
    'rounded_examples', (SELECT coalesce(jsonb_agg(to_jsonb(e) - 'kind'), '[]')
                         FROM (SELECT * FROM examples WHERE kind = 'rounded' ORDER BY id, name LIMIT 10) e),
    'negative_examples', (SELECT coalesce(jsonb_agg(to_jsonb(e) - 'kind'), '[]')
                          FROM (SELECT * FROM examples WHERE kind = 'negative' ORDER BY id, name LIMIT 10) e)) $$;
"""

# A price whose key has no row yet holds since the product (or variant) was made, as far as anybody knows. Without
# nested loops for the same reason as in `stale_list_prices`: the table grows while its statistics say it is empty.
_BACKFILL = """
CREATE FUNCTION backfill_pricing(store uuid, after uuid, size integer)
  RETURNS TABLE (last_id uuid, row_count integer, report jsonb) LANGUAGE plpgsql
  SET enable_nestloop = off AS $$
  DECLARE wanted uuid[]; products uuid[]; variants uuid[]; one uuid; r record; written integer := 0;
    busy integer := 0; added integer; BEGIN
  wanted := ARRAY(SELECT p.id FROM products p WHERE p.store_id = store AND (after IS NULL OR p.id > after)
                  ORDER BY p.id LIMIT size);
  products := ARRAY(SELECT p.id FROM products p WHERE p.store_id = store AND p.id = ANY (wanted)
                    ORDER BY p.id FOR NO KEY UPDATE SKIP LOCKED);
  FOR one IN SELECT w FROM unnest(wanted) w EXCEPT SELECT p FROM unnest(products) p ORDER BY 1 LOOP
    IF lock_product_briefly(store, one) THEN products := products || one; ELSE busy := busy + 1; END IF;
  END LOOP;
  variants := ARRAY(SELECT v.id FROM product_variants v WHERE v.store_id = store AND v.product_id = ANY (products)
                    ORDER BY v.id FOR NO KEY UPDATE SKIP LOCKED);
  FOR one IN SELECT v.id FROM product_variants v WHERE v.store_id = store AND v.product_id = ANY (products)
             EXCEPT SELECT v FROM unnest(variants) v ORDER BY 1 LOOP
    IF lock_variant_briefly(store, one) THEN variants := variants || one; ELSE busy := busy + 1; END IF;
  END LOOP;
  -- Most have no row yet: all of those in one statement. The others row by row, where they differ.
  PERFORM set_config('app.mirrors_prices', 'on', true);
  INSERT INTO product_price (store_id, product_id, currency, amount, compare_at_amount, effective_at)
  SELECT store, p.id, p.currency, p.price_amount, shown_compare_at(p.compare_at_amount), least(p.created_at, now())
  FROM products p WHERE p.store_id = store AND p.id = ANY (products) AND p.price_amount >= 0 AND NOT EXISTS (
    SELECT FROM product_price x WHERE x.store_id = store AND x.product_id = p.id AND x.currency = p.currency
      AND x.segment_id IS NULL AND x.min_quantity = 1);
  GET DIAGNOSTICS written = ROW_COUNT;
  INSERT INTO product_price (store_id, variant_id, currency, amount, compare_at_amount, effective_at)
  SELECT store, v.id, v.currency, v.price_amount, shown_compare_at(v.compare_at_amount), least(v.created_at, now())
  FROM product_variants v WHERE v.store_id = store AND v.id = ANY (variants) AND v.price_amount >= 0 AND NOT EXISTS (
    SELECT FROM product_price x WHERE x.store_id = store AND x.variant_id = v.id AND x.currency = v.currency
      AND x.segment_id IS NULL AND x.min_quantity = 1);
  GET DIAGNOSTICS added = ROW_COUNT;
  PERFORM set_config('app.mirrors_prices', 'off', true);
  written := written + added;
  FOR r IN SELECT p.id AS product, NULL::uuid AS variant, p.currency, p.price_amount, p.compare_at_amount
             FROM products p WHERE p.store_id = store AND p.id = ANY (products) AND NOT EXISTS (
             SELECT FROM product_price x WHERE x.store_id = store AND x.product_id = p.id AND x.currency = p.currency
               AND x.segment_id IS NULL AND x.min_quantity = 1 AND x.effective_at <= clock_timestamp()
               AND coalesce(x.expires_at, 'infinity') > clock_timestamp() AND x.amount = p.price_amount
               AND x.compare_at_amount IS NOT DISTINCT FROM shown_compare_at(p.compare_at_amount))
           UNION ALL SELECT NULL, v.id, v.currency, v.price_amount, v.compare_at_amount FROM product_variants v
             WHERE v.store_id = store AND v.id = ANY (variants) AND (v.price_amount IS NOT NULL OR EXISTS (
               SELECT FROM product_price x WHERE x.store_id = store AND x.variant_id = v.id))
             AND NOT EXISTS (
             SELECT FROM product_price x WHERE x.store_id = store AND x.variant_id = v.id AND x.currency = v.currency
               AND x.segment_id IS NULL AND x.min_quantity = 1 AND x.effective_at <= clock_timestamp()
               AND coalesce(x.expires_at, 'infinity') > clock_timestamp() AND x.amount = v.price_amount
               AND x.compare_at_amount IS NOT DISTINCT FROM shown_compare_at(v.compare_at_amount)) LOOP
    written := written + write_price_rows(store, r.product, r.variant, r.currency, r.price_amount,
                                          r.compare_at_amount, now())::integer;
  END LOOP;
  last_id := wanted[cardinality(wanted)];
  row_count := cardinality(wanted);
  report := jsonb_build_object('products', row_count, 'written', written, 'busy', busy)
         || price_findings(store, wanted);
  IF after IS NULL THEN
    -- Whole and never below a hundred, all of them: these floats may be minor units already.
    report := report || (SELECT jsonb_build_object('is_suspected_minor_units',
      count(*) > 0 AND coalesce(bool_and(p.price = floor(p.price) AND p.price >= 100), false))
      FROM products p WHERE p.store_id = store AND p.price <> 0 AND currency_exponent(p.currency) > 0);
  END IF;
  RETURN NEXT; END $$;
CREATE FUNCTION divergences_pricing(store uuid) RETURNS TABLE (entity_id uuid, kind text, detail jsonb)
  LANGUAGE sql AS $$
  SELECT p.id, 'negative', jsonb_build_object('entity', 'product', 'list_amount', p.price_amount) FROM products p
  WHERE p.store_id = store AND p.price_amount < 0
  UNION ALL
  SELECT v.id, 'negative', jsonb_build_object('entity', 'variant', 'list_amount', v.price_amount)
  FROM product_variants v WHERE v.store_id = store AND v.price_amount < 0
  UNION ALL
  SELECT coalesce(s.variant, s.product), CASE WHEN s.row_amount IS NULL THEN 'missing' ELSE 'stale' END,
         jsonb_build_object('entity', CASE WHEN s.variant IS NULL THEN 'product' ELSE 'variant' END,
           'currency', s.code, 'list_amount', s.list_amount, 'list_compare_at_amount', s.list_compare_at,
           'row_amount', s.row_amount, 'row_compare_at_amount', s.row_compare_at)
  FROM stale_list_prices(store) s $$;
REVOKE ALL ON FUNCTION backfill_pricing(uuid, uuid, integer), divergences_pricing(uuid) FROM PUBLIC;
"""

BACKFILL = _REPORT + _BACKFILL
DROP_BACKFILL = f"""
DROP FUNCTION {", ".join(FUNCTIONS)};
"""
