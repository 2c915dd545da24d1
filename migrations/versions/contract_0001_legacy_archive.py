"""The contract: legacy columns go, and what they said is kept in the schema `legacy_archive`.

A root of its own beside the main line, because on it every later revision would wait for the slowest store. It refuses
while any store stands below `done` in any capability. The functions that it replaces, and the definitions of triggers,
columns and indexes, go into the archive too: the downgrade puts back exactly what was there, whatever revision made it.
"""

from alembic import op

from migrations import image_mirror, price_backfill, steps, stock_mirror

revision = "contract_0001"
down_revision = None
branch_labels = ("contract",)
depends_on = "0030"

CAPABILITIES = ("images", "pricing", "inventory", "promotions", "rbac", "events", "i18n")

# (legacy float, amount that says the same) by table.
MONEY: dict[str, tuple[tuple[str, str], ...]] = {
    "orders": (
        ("subtotal", "order_subtotal_amount"),
        ("discount_amount", "order_discount_amount"),
        ("shipping_amount", "order_shipping_amount"),
        ("tax_amount", "order_tax_amount"),
        ("total_amount", "order_total_amount"),
    ),
    "order_items": (
        ("price", "unit_price_amount"),
        ("subtotal", "line_subtotal_amount"),
        ("discount_amount", "line_discount_amount"),
        ("tax_amount", "line_tax_amount"),
        ("total_amount", "line_total_amount"),
    ),
    "customers": (("total_spent", "total_spent_amount"), ("average_order_value", "average_order_amount")),
    "products": (
        ("price", "price_amount"),
        ("compare_at_price", "compare_at_amount"),
        ("cost_price", "cost_amount"),
    ),
    "product_variants": (("price", "price_amount"), ("compare_at_price", "compare_at_amount")),
}
OTHER = {
    "products": ("images", "inventory_qty", "inventory_status"),
    "product_variants": ("inventory_qty",),
}

# Amounts that a writer may leave out, as the float beside them had a default of 0.
ZERO = {
    "orders": ("order_discount_amount", "order_shipping_amount", "order_tax_amount"),
    "order_items": ("line_discount_amount", "line_tax_amount"),
    "customers": ("total_spent_amount", "average_order_amount"),
}

# What the new tables say of a row `t`. Kept beside the legacy values: a legacy value is put back only where its new
# side has not moved since.
IMAGES_NOW = """(SELECT to_json(coalesce(array_agg(i.url ORDER BY i.position, i.id), '{}'))::text FROM product_image i
    WHERE i.store_id = t.store_id AND i.product_id = t.id)"""
# A product's own stock is the level of the one variant that is marked as its holder.
STOCK_NOW = """(SELECT l.on_hand FROM product_variants v
    JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
    WHERE v.store_id = t.store_id AND v.product_id = t.id AND l.is_product_stock ORDER BY v.id LIMIT 1)"""
LEVEL_NOW = """(SELECT l.on_hand FROM inventory_level l WHERE l.store_id = t.store_id AND l.variant_id = t.id)"""
NEW_SIDE = {
    "products": (("images_then", "text", IMAGES_NOW), ("stock_then", "integer", STOCK_NOW)),
    "product_variants": (("stock_then", "integer", LEVEL_NOW),),
}

# Comes back without its legacy part.
DEFAULT_VARIANT = """
CREATE FUNCTION add_default_variant(product products) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM product_variants v WHERE v.store_id = product.store_id AND v.product_id = product.id)
  THEN RETURN; END IF;
  INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, low_stock_threshold, is_default)
  VALUES (product.store_id, product.id, 'Default', product.sku, product.currency, '{}', product.low_stock_threshold,
          true)
  ON CONFLICT (store_id, sku) WHERE deleted_at IS NULL DO NOTHING;
  IF NOT FOUND THEN
    INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, low_stock_threshold, is_default)
    VALUES (product.store_id, product.id, 'Default', product.sku || '-' || product.id, product.currency, '{}',
            product.low_stock_threshold, true);
  END IF; END $$;
"""
CURRENCY = """
CREATE FUNCTION fill_currency() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  SELECT currency INTO NEW.currency FROM stores WHERE id = NEW.store_id;
  RETURN NEW; END $$;
"""

# Each is covered by one that starts with the store, or asked for by legacy programs only. The full ones on
# (store_id, category_id), (store_id, brand_id) and (store_id, parent_id) stay: a deleted parent has to find deleted
# rows too, which the partial ones leave out.
INDEXES = (
    "products_category_id_status_idx", "products_brand_id_status_idx", "products_store_id_status_idx",
    "categories_parent_id_sort_order_idx", "product_variants_product_id_idx",
    "product_variants_product_id_is_default_idx", "product_attributes_name_idx", "product_attributes_store_id_idx",
    "product_attribute_values_product_id_attribute_id_idx", "orders_order_number_idx", "orders_payment_status_idx",
    "orders_store_id_status_idx", "orders_store_id_customer_id_idx", "order_items_order_id_idx",
    "order_items_product_id_idx", "reviews_product_id_is_approved_created_at_idx", "reviews_customer_id_created_at_idx",
    "customers_store_id_email_idx", "customers_store_id_user_id_idx", "stores_slug_idx",
    "inventory_logs_product_id_created_at_idx", "inventory_logs_user_id_created_at_idx",
    "audit_logs_user_id_created_at_idx", "audit_logs_entity_type_entity_id_created_at_idx",
)

def quoted(names: tuple[str, ...]) -> str:
    """The names as an SQL array."""
    return f"ARRAY[{', '.join(repr(name) for name in names)}]::text[]"


# From here on no capability can move back: the rollout asks what a store without a row stands at.
BEGIN = f"""
LOCK TABLE capability_state, stores IN SHARE ROW EXCLUSIVE MODE;
DO $$ DECLARE waiting text; BEGIN
  SELECT string_agg(w.slug || ': ' || w.steps, '; ' ORDER BY w.slug) INTO waiting FROM (
    SELECT s.slug, string_agg(n.name || ' at ' || capability_step(s.id, n.name), ', ' ORDER BY n.place) AS steps
    FROM stores s, unnest({quoted(CAPABILITIES)}) WITH ORDINALITY n (name, place)
    WHERE capability_step(s.id, n.name) <> 'done' GROUP BY s.slug) w;
  IF waiting IS NOT NULL THEN
    RAISE EXCEPTION 'stores that are not done keep their legacy columns: %', waiting
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'stormcom migration advance --all --capability all --to done';
  END IF; END $$;
CREATE SCHEMA legacy_archive;
CREATE TABLE legacy_archive.definition (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, statement text NOT NULL);
ALTER FUNCTION default_capability_step() SET SCHEMA legacy_archive;
CREATE FUNCTION default_capability_step() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT 'done' $$;
{CURRENCY}"""


def legacy_columns(table: str) -> tuple[str, ...]:
    """The columns of a table that go."""
    return (*(legacy for legacy, _ in MONEY[table]), *OTHER.get(table, ()))


def archive(table: str) -> str:
    """SQL that makes a table of the archive and keeps the definitions of the columns that it holds."""
    columns = ", ".join(legacy_columns(table))
    sides = "".join(f", ADD COLUMN {name} {kind}" for name, kind, _ in NEW_SIDE.get(table, ()))
    return f"""
CREATE TABLE legacy_archive.{table} AS SELECT id, {columns} FROM {table} WITH NO DATA;
ALTER TABLE legacy_archive.{table} ADD PRIMARY KEY (id){sides};
INSERT INTO legacy_archive.definition (kind, statement)
  SELECT d.kind, format('ALTER TABLE {table} %s %I %s', d.verb, a.attname, d.detail)
  FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  CROSS JOIN LATERAL (VALUES
    (1, 'column', 'ADD COLUMN', format_type(a.atttypid, a.atttypmod)),
    (2, 'rule', 'ALTER COLUMN', 'SET DEFAULT ' || pg_get_expr(f.adbin, f.adrelid)),
    (3, 'rule', 'ALTER COLUMN', CASE WHEN a.attnotnull THEN 'SET NOT NULL' END)) d (place, kind, verb, detail)
  WHERE a.attrelid = '{table}'::regclass AND a.attname = ANY ({quoted(legacy_columns(table))})
    AND d.detail IS NOT NULL
  ORDER BY d.place, a.attnum"""


def copy(table: str, which: str) -> str:
    """SQL that copies the rows `t` of a table that `which` picks into the archive."""
    columns = (*legacy_columns(table), *(name for name, _, _ in NEW_SIDE.get(table, ())))
    values = (*(f"t.{name}" for name in legacy_columns(table)), *(value for _, _, value in NEW_SIDE.get(table, ())))
    return f"""
INSERT INTO legacy_archive.{table} (id, {", ".join(columns)})
  SELECT t.id, {", ".join(values)} FROM {table} t {which}
  ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in columns)}"""


def copy_changed(table: str) -> str:
    """SQL that brings the archive up to what the table says now."""
    columns = legacy_columns(table)
    ours, theirs = (", ".join(f"{alias}.{name}" for name in columns) for alias in ("t", "a"))
    return copy(table, f"LEFT JOIN legacy_archive.{table} a ON a.id = t.id "
                       f"WHERE a.id IS NULL OR ({ours}) IS DISTINCT FROM ({theirs})")


def retire(functions: tuple[str, ...]) -> str:
    """SQL that keeps the definitions of the functions' triggers, drops these, and moves the functions away."""
    return f"""
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT t.tgname, t.tgrelid::regclass AS target, pg_get_triggerdef(t.oid) AS statement
           FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
           WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND p.pronamespace = 'public'::regnamespace
             AND p.proname = ANY ({quoted(functions)}) ORDER BY t.oid LOOP
    INSERT INTO legacy_archive.definition (kind, statement) VALUES ('trigger', r.statement);
    EXECUTE format('DROP TRIGGER %I ON %s', r.tgname, r.target);
  END LOOP;
  FOR r IN SELECT oid::regprocedure AS signature FROM pg_proc
           WHERE pronamespace = 'public'::regnamespace AND proname = ANY ({quoted(functions)}) LOOP
    EXECUTE format('ALTER FUNCTION %s SET SCHEMA legacy_archive', r.signature);
  END LOOP; END $$"""


def let_go(*tables: str, functions: tuple[str, ...] = ()) -> str:
    """SQL that drops the legacy columns of tables at once, with what kept them; nobody writes meanwhile."""
    parts = [f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE"]
    parts += [copy_changed(table) for table in tables]
    parts.append(retire((*(f"{table}_money" for table in tables), *functions)))
    for table in tables:
        dropped = ", ".join(f"DROP COLUMN {name}" for name in legacy_columns(table))
        zero = "".join(f", ALTER COLUMN {name} SET DEFAULT 0" for name in ZERO.get(table, ()))
        parts.append(f"""ALTER TABLE {table} {dropped}{zero};
            CREATE TRIGGER b_money BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN (NEW.currency IS NULL)
              EXECUTE FUNCTION fill_currency()""")
    return ";\n".join(parts)


def drop_indexes() -> str:
    """SQL that drops the legacy indexes and keeps their definitions."""
    return f"""
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') AS statement FROM pg_indexes
           WHERE schemaname = 'public' AND indexname = ANY ({quoted(INDEXES)}) LOOP
    INSERT INTO legacy_archive.definition (kind, statement) VALUES ('index', r.statement);
    EXECUTE format('DROP INDEX %I', r.indexname);
  END LOOP; END $$"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    steps.step(BEGIN)
    for table in MONEY:
        steps.step(archive(table))
        steps.batches(f"archive of {table}", copy(table, "WHERE t.id = ANY(%(ids)s)"), over=table)
    for table in ("orders", "order_items", "customers"):
        steps.step(let_go(table))
    # The mirrors read and write both, so these two go together.
    catalog = let_go("products", "product_variants", functions=("add_default_variant",))
    mirrors = ";".join((stock_mirror.DROP_MIRROR, price_backfill.DROP_BACKFILL, image_mirror.DROP_MIRROR))
    steps.step(f"{mirrors};{catalog};{DEFAULT_VARIANT}")
    steps.step(drop_indexes())


def restored(table: str) -> str:
    """SQL that fills the columns again: from the archive where the new side has not moved since, else from it."""
    values = {
        legacy: f"CASE WHEN minor_from_float(a.{legacy}, t.currency) = t.{amount} THEN a.{legacy} "
                f"ELSE float_from_minor(t.{amount}, t.currency) END" for legacy, amount in MONEY[table]}
    if table == "products":
        values["images"] = f"CASE WHEN a.images_then = {IMAGES_NOW} THEN a.images ELSE {IMAGES_NOW} END"
        values["inventory_status"] = f"""CASE WHEN a.stock_then IS NOT DISTINCT FROM {STOCK_NOW} AND a.id IS NOT NULL
            THEN a.inventory_status WHEN coalesce({STOCK_NOW}, 0) = 0 THEN 'OUT_OF_STOCK'
            WHEN {STOCK_NOW} <= t.low_stock_threshold THEN 'LOW_STOCK' ELSE 'IN_STOCK' END"""
    if table in OTHER:
        now = STOCK_NOW if table == "products" else LEVEL_NOW
        values["inventory_qty"] = (f"CASE WHEN a.stock_then IS NOT DISTINCT FROM {now} AND a.id IS NOT NULL "
                                   f"THEN a.inventory_qty ELSE coalesce({now}, 0) END")
    return f"""
UPDATE {table} r SET ({", ".join(values)}) = (
  SELECT {", ".join(values.values())}
  FROM {table} t LEFT JOIN legacy_archive.{table} a ON a.id = t.id WHERE t.id = r.id)"""


def replay(*kinds: str) -> str:
    """SQL that runs the kept definitions, in the order in which they were kept."""
    return f"""
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT statement FROM legacy_archive.definition WHERE kind = ANY ({quoted(kinds)}) ORDER BY id LOOP
    EXECUTE r.statement;
  END LOOP; END $$"""


# A store born after the contract has no rows of its own yet, and must not fall back to the legacy side.
STAY_DONE = f"""
INSERT INTO capability_state (store_id, capability, step)
  SELECT s.id, n.name, 'done' FROM stores s, unnest({quoted(CAPABILITIES)}) WITH ORDINALITY n (name, place)
  ORDER BY s.id, n.place ON CONFLICT DO NOTHING
"""
MOVE_BACK = """
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT oid::regprocedure AS signature FROM pg_proc
           WHERE pronamespace = 'legacy_archive'::regnamespace ORDER BY oid LOOP
    EXECUTE format('ALTER FUNCTION %s SET SCHEMA public', r.signature);
  END LOOP; END $$
"""


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'; SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(replay("column"))
    for table in MONEY:
        op.execute(f"DROP TRIGGER b_money ON {table}; ALTER TABLE {table} DISABLE TRIGGER USER")
        op.execute(restored(table))
        for name in ZERO.get(table, ()):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT")
    op.execute(replay("rule"))
    op.execute(STAY_DONE)
    op.execute("DROP FUNCTION fill_currency(), add_default_variant(products), default_capability_step()")
    op.execute(MOVE_BACK)
    for mirror in (image_mirror.MIRROR, price_backfill.BACKFILL, stock_mirror.MIRROR):
        op.execute(mirror)
    op.execute(replay("trigger", "index"))
    for table in MONEY:
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.execute("DROP SCHEMA legacy_archive CASCADE")
