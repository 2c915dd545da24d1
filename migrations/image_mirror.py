"""The SQL of the mirror between products.images and product_image: revision 0020 makes it, the contract ends it.

The contract runs `DROP_MIRROR` before it drops products.images; its downgrade runs `MIRROR` once the column is back.

products.images is text that programs fill with whatever they like. `image_urls` says which URLs stand in it; two texts
that say the same URLs are equal to the mirror, so a text is only written again when its list has changed. A URL of
more than 4,000 characters has no row; the text keeps it, at its end, whoever writes.
"""

FUNCTIONS = (
    "divergences_images(uuid)",
    "backfill_images(uuid, uuid, integer)",
    "product_image_changed()",
    "products_images()",
    "write_legacy_images(uuid, uuid)",
    "write_image_rows(uuid, uuid, text)",
    "image_urls(text, boolean)",
    "image_list_kind(text)",
)

# MERGE changes all rows in one statement, so the trigger on them runs when the list is whole, finds both sides equal
# and writes nothing.
_LISTS = """
-- IS JSON accepts escapes that no text can hold (\\u0000), and gives up on ten thousand brackets in each other: such a
-- list counts as text that is no JSON.
CREATE FUNCTION image_list_kind(images text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF coalesce(btrim(images, E' \\t\\r\\n'), '') = '' THEN RETURN 'empty'; END IF;
  BEGIN
    IF images IS NOT JSON THEN RETURN 'text'; END IF;
    RETURN jsonb_typeof(images::jsonb);
  EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN 'text'; END; END $$;
-- The URLs that have rows, or with `overlong` those that cannot have one. Readers always took text that is no JSON for
-- one URL. An object counts by its url or src; numbers, null and true say no URL.
CREATE FUNCTION image_urls(images text, overlong boolean DEFAULT false) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE kind text := image_list_kind(images); found text[]; BEGIN
  IF kind = 'empty' THEN RETURN '{}'; END IF;
  IF kind = 'text' THEN found := ARRAY[btrim(images, E' \\t\\r\\n')];
  ELSE
    SELECT array_agg(u.url ORDER BY u.place) INTO found FROM (
      SELECT e.place, btrim(CASE jsonb_typeof(e.item) WHEN 'string' THEN e.item #>> '{}'
                              WHEN 'object' THEN coalesce(e.item ->> 'url', e.item ->> 'src') END, E' \\t\\r\\n') AS url
      FROM jsonb_array_elements(CASE kind WHEN 'array' THEN images::jsonb ELSE jsonb_build_array(images::jsonb) END)
        WITH ORDINALITY e (item, place)) u WHERE u.url <> '';
  END IF;
  RETURN coalesce((SELECT array_agg(f.url ORDER BY f.place) FROM unnest(found) WITH ORDINALITY f (url, place)
                   WHERE (length(f.url) > 4000) = overlong), '{}'); END $$;
-- Rows follow the text.
CREATE FUNCTION write_image_rows(store uuid, product uuid, images text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE urls text[] := image_urls(images); BEGIN
  IF urls = coalesce((SELECT array_agg(i.url ORDER BY i.position, i.id) FROM product_image i
                      WHERE i.store_id = store AND i.product_id = product), '{}') THEN RETURN false; END IF;
  PERFORM set_image_rows(store, product, urls);
  RETURN true; END $$;
-- The text follows the rows.
CREATE FUNCTION write_legacy_images(store uuid, product uuid) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE urls text[]; BEGIN
  SELECT coalesce(array_agg(i.url ORDER BY i.position, i.id), '{}') INTO urls FROM product_image i
    WHERE i.store_id = store AND i.product_id = product;
  UPDATE products p SET images = to_json(urls || image_urls(p.images, true))::text
    WHERE p.store_id = store AND p.id = product AND image_urls(p.images) <> urls; END $$;
"""

_TRIGGERS = """
CREATE FUNCTION products_images() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF capability_reached(NEW.store_id, 'images', 'shadow') THEN
    PERFORM write_image_rows(NEW.store_id, NEW.id, NEW.images);
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER images_added AFTER INSERT ON products FOR EACH ROW WHEN (NEW.images <> '[]')
  EXECUTE FUNCTION products_images();
CREATE TRIGGER images_changed AFTER UPDATE OF images ON products FOR EACH ROW
  WHEN (OLD.images IS DISTINCT FROM NEW.images) EXECUTE FUNCTION products_images();
-- By statement: a list that is half written is nobody's list.
CREATE FUNCTION product_image_changed() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE item record; BEGIN
  FOR item IN SELECT DISTINCT store_id, product_id FROM changed ORDER BY product_id LOOP
    IF capability_reached(item.store_id, 'images', 'dual') THEN
      PERFORM write_legacy_images(item.store_id, item.product_id);
    END IF;
  END LOOP;
  IF TG_OP = 'UPDATE' THEN
    FOR item IN SELECT DISTINCT store_id, product_id FROM was
                EXCEPT SELECT store_id, product_id FROM changed ORDER BY product_id LOOP
      IF capability_reached(item.store_id, 'images', 'dual') THEN
        PERFORM write_legacy_images(item.store_id, item.product_id);
      END IF;
    END LOOP;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER legacy_added AFTER INSERT ON product_image REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_image_changed();
CREATE TRIGGER legacy_changed AFTER UPDATE ON product_image REFERENCING OLD TABLE AS was NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_image_changed();
CREATE TRIGGER legacy_removed AFTER DELETE ON product_image REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION product_image_changed();
"""

# What a product's text had to be read as: is_counted of one row is 0 or 1 in the report.
_BACKFILL = """
CREATE FUNCTION backfill_images(store uuid, after uuid, size integer)
  RETURNS TABLE (last_id uuid, row_count integer, report jsonb) LANGUAGE plpgsql AS $$
  DECLARE item record; urls text[]; long text[]; kind text; written integer := 0; bare integer := 0;
    ignored integer := 0; overlong integer := 0; busy integer := 0; examples jsonb := '[]'; BEGIN
  row_count := 0;
  FOR item IN SELECT p.id FROM products p WHERE p.store_id = store AND (after IS NULL OR p.id > after)
              ORDER BY p.id LIMIT size LOOP
    last_id := item.id;
    row_count := row_count + 1;
    IF NOT lock_product_briefly(store, item.id) THEN busy := busy + 1; CONTINUE; END IF;
    SELECT p.images INTO item FROM products p WHERE p.store_id = store AND p.id = last_id;
    urls := image_urls(item.images);
    long := image_urls(item.images, true);
    kind := image_list_kind(item.images);
    written := written + write_image_rows(store, last_id, item.images)::integer;
    overlong := overlong + cardinality(long);
    IF kind IN ('text', 'string') THEN bare := bare + 1; END IF;
    IF kind = 'array' AND jsonb_array_length(item.images::jsonb) > cardinality(urls) + cardinality(long)
       OR kind NOT IN ('empty', 'text', 'array') AND cardinality(urls) + cardinality(long) = 0
    THEN ignored := ignored + 1; kind := 'ignored'; END IF;
    IF (kind IN ('text', 'string', 'ignored') OR cardinality(long) > 0) AND jsonb_array_length(examples) < 10 THEN
      examples := examples || jsonb_build_object('product', last_id, 'images', left(item.images, 200));
    END IF;
  END LOOP;
  report := jsonb_build_object('products', row_count, 'written', written, 'not_a_list', bare, 'ignored', ignored,
                               'overlong', overlong, 'busy', busy, 'examples', examples);
  RETURN NEXT; END $$;
-- Without nested loops: on tables that have not been analysed yet one would aggregate every image for every product.
CREATE FUNCTION divergences_images(store uuid) RETURNS TABLE (entity_id uuid, kind text, detail jsonb)
  LANGUAGE sql STABLE SET enable_nestloop = off AS $$
  SELECT d.id, 'list', jsonb_build_object('legacy', d.legacy, 'new', d.new) FROM (
    SELECT p.id, image_urls(p.images) AS legacy, coalesce(i.urls, '{}') AS new FROM products p
    LEFT JOIN (SELECT product_id, array_agg(url ORDER BY position, id) AS urls FROM product_image
               WHERE store_id = store GROUP BY product_id) i ON i.product_id = p.id
    WHERE p.store_id = store) d WHERE d.legacy <> d.new $$;
REVOKE ALL ON FUNCTION backfill_images(uuid, uuid, integer), divergences_images(uuid) FROM PUBLIC;
"""

MIRROR = _LISTS + _TRIGGERS + _BACKFILL
DROP_MIRROR = f"""
DROP TRIGGER legacy_added ON product_image; DROP TRIGGER legacy_changed ON product_image;
DROP TRIGGER legacy_removed ON product_image;
DROP TRIGGER images_added ON products; DROP TRIGGER images_changed ON products;
DROP FUNCTION {", ".join(FUNCTIONS)};
"""
