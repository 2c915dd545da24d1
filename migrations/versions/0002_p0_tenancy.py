"""Tenancy: every tenant row names its store, foreign keys carry it, row-level security is forced.

`secure_tenant_table(regclass)` is the one way a table becomes a tenant table; later revisions call it.
Legacy writers keep working: the store of a child row is filled from its parent by trigger.
"""

from alembic import op

from migrations.steps import add_foreign_key, add_unique, batches, index_concurrently, set_not_null, step

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_STORE = (
    "categories",
    "brands",
    "products",
    "product_attributes",
    "customers",
    "orders",
    "reviews",
    "inventory_logs",
    "audit_logs",
)
# Tables that get their store from a parent: (table, parent, key to the parent).
CHILDREN = (
    ("product_variants", "products", "product_id"),
    ("product_attribute_values", "products", "product_id"),
    ("order_items", "orders", "order_id"),
)
REFERENCED = (
    "categories",
    "brands",
    "products",
    "product_variants",
    "product_attributes",
    "customers",
    "orders",
    "order_items",
)
# (table, column, parent, what a deleted parent does)
KEYS = (
    ("categories", "parent_id", "categories", "SET NULL"),
    ("products", "category_id", "categories", "SET NULL"),
    ("products", "brand_id", "brands", "SET NULL"),
    ("product_variants", "product_id", "products", "CASCADE"),
    ("product_attribute_values", "product_id", "products", "CASCADE"),
    ("product_attribute_values", "attribute_id", "product_attributes", "CASCADE"),
    ("orders", "customer_id", "customers", "SET NULL"),
    ("order_items", "order_id", "orders", "CASCADE"),
    ("order_items", "product_id", "products", "SET NULL"),
    ("order_items", "variant_id", "product_variants", "SET NULL"),
    ("reviews", "product_id", "products", "CASCADE"),
    ("reviews", "customer_id", "customers", "SET NULL"),
    ("inventory_logs", "product_id", "products", "CASCADE"),
)
# timestamp → timestamptz changes the catalogue only, in a session in UTC and without a precision: going to
# timestamptz(3) would write every row anew under a lock. What legacy wrote stays in milliseconds.
INSTANTS = {
    "users": ("email_verified", "created_at", "updated_at"),
    "sessions": ("expires",),
    "verification_tokens": ("expires",),
    "organizations": ("created_at", "updated_at"),
    "memberships": ("created_at", "updated_at"),
    "stores": ("trial_ends_at", "subscription_ends_at", "created_at", "updated_at", "deleted_at"),
    "categories": ("created_at", "updated_at", "deleted_at"),
    "brands": ("created_at", "updated_at", "deleted_at"),
    "products": ("published_at", "created_at", "updated_at", "deleted_at"),
    "product_variants": ("created_at", "updated_at"),
    "product_attributes": ("created_at", "updated_at"),
    "product_attribute_values": ("created_at",),
    "customers": ("marketing_opt_in_at", "last_order_at", "created_at", "updated_at", "deleted_at"),
    "orders": ("fulfilled_at", "canceled_at", "created_at", "updated_at", "deleted_at"),
    "order_items": ("created_at", "updated_at"),
    "reviews": ("approved_at", "created_at", "updated_at", "deleted_at"),
    "inventory_logs": ("created_at",),
    "audit_logs": ("created_at",),
}
# Their order is another one for Postgres, so it would build them anew under the lock: they go and come back.
INDEXES = {
    "orders": ("store_id, created_at",),
    "reviews": ("product_id, is_approved, created_at", "customer_id, created_at"),
    "inventory_logs": ("store_id, product_id, created_at", "product_id, created_at", "user_id, created_at"),
    "audit_logs": ("store_id, created_at", "user_id, created_at", "entity_type, entity_id, created_at"),
}
TOUCHED = (
    "users",
    "organizations",
    "memberships",
    "stores",
    "categories",
    "brands",
    "products",
    "product_variants",
    "product_attributes",
    "customers",
    "orders",
    "order_items",
    "reviews",
)
ALL_TABLES = (
    "users",
    "accounts",
    "sessions",
    "verification_tokens",
    "organizations",
    "memberships",
    "stores",
    *WITH_STORE,
    *(child for child, _, _ in CHILDREN),
)

RETYPE_BACK = """
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT table_name, column_name FROM information_schema.columns
           WHERE table_schema = 'public' AND data_type = 'timestamp with time zone' LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE timestamp(3) USING %I AT TIME ZONE ''UTC''',
                   c.table_name, c.column_name, c.column_name);
  END LOOP; END $$
"""

SECURITY = """
CREATE FUNCTION current_store_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.store_id', true), '')::uuid $$;
CREATE FUNCTION current_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;
CREATE FUNCTION secure_table(target regclass, rule text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant ON %s USING (%s) WITH CHECK (%s)', target, rule, rule);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO stormcom_app, stormcom_worker', target);
  EXECUTE format('GRANT SELECT ON %s TO stormcom_pipelines', target);
END $$;
CREATE FUNCTION secure_tenant_table(target regclass) RETURNS void LANGUAGE sql AS
  $$ SELECT secure_table(target, 'store_id = (SELECT current_store_id())') $$;
CREATE FUNCTION store_from_parent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('SELECT store_id FROM %I WHERE id = ($1).%I', TG_ARGV[0], TG_ARGV[1])
    INTO NEW.store_id USING NEW;
  RETURN NEW; END $$;
"""

RULES = (
    ("stores", "id = (SELECT current_store_id())"),
    ("users", "id = (SELECT current_user_id())"),
    ("accounts", "user_id = (SELECT current_user_id())"),
    ("sessions", "user_id = (SELECT current_user_id())"),
    ("memberships", "user_id = (SELECT current_user_id())"),
    ("organizations", "EXISTS (SELECT FROM memberships m WHERE m.organization_id = organizations.id)"),
    # Nobody but the owner's functions reads sign-in tokens.
    ("verification_tokens", "false"),
)


def upgrade() -> None:
    step(SECURITY)
    for table in ALL_TABLES:
        widen(table)
    for child, parent, key in CHILDREN:
        # It needs no key to stores of its own: the composite key to the parent implies it.
        batches(
            f"{child}.store_id",
            f"""UPDATE {child} c SET store_id = p.store_id FROM {parent} p
                WHERE p.id = c.{key} AND c.store_id IS NULL AND c.id = ANY(%(ids)s)""",
            over=child,
            where="store_id IS NULL",
        )
        set_not_null(child, "store_id")
    compose_keys()
    loosen()
    for table, rule in RULES:
        step(f"SELECT secure_table('{table}', $r${rule}$r$)")
    for table in (*WITH_STORE, *(child for child, _, _ in CHILDREN)):
        step(f"SELECT secure_tenant_table('{table}')")


def widen(table: str) -> None:
    """Everything that changes the table's columns, under one short lock."""
    names = {columns: f"{table}_{columns.replace(', ', '_')}_idx" for columns in INDEXES.get(table, ())}
    parts = [f"ALTER COLUMN {column} TYPE timestamptz" for column in INSTANTS.get(table, ())]
    defaults = {"id": "uuidv7()"} if table != "verification_tokens" else {}
    if table in TOUCHED:
        defaults["updated_at"] = "now()"
    given = [f"ALTER COLUMN {column} SET DEFAULT {value}" for column, value in defaults.items()]
    gone = "".join(f"DROP INDEX {name};" for name in names.values())
    change = "".join(f"ALTER TABLE {table} {', '.join(each)};" for each in (parts, given) if each)
    step(gone + change + name_the_store(table))
    for columns, name in names.items():
        index_concurrently(name, f"{table} ({columns})")


def name_the_store(table: str) -> str:
    """A child gets a store_id, filled from its parent by trigger for writers that do not know it."""
    return "".join(
        f"""
        ALTER TABLE {child} ADD COLUMN store_id uuid;
        CREATE TRIGGER a_store_from_parent BEFORE INSERT ON {child}
          FOR EACH ROW WHEN (NEW.store_id IS NULL) EXECUTE FUNCTION store_from_parent('{parent}', '{key}')"""
        for child, parent, key in CHILDREN
        if child == table
    )


def compose_keys() -> None:
    """Replace the plain foreign keys by (store_id, key), so that no row can point into another store."""
    for table in REFERENCED:
        add_unique(table, "store_id, id")
    add_foreign_key("reviews", "store_id", "stores ON DELETE CASCADE ON UPDATE CASCADE")
    for table, column, parent, action in KEYS:
        then = f"SET NULL ({column})" if action == "SET NULL" else action
        add_foreign_key(table, f"store_id, {column}", f"{parent} (store_id, id) ON DELETE {then}")
        step(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")


def loosen() -> None:
    """Global rules that a second store would trip over become rules per store."""
    index_concurrently("stores_organization_id_idx", "stores (organization_id)")
    step("ALTER TABLE stores DROP CONSTRAINT stores_organization_id_key")
    add_unique("product_variants", "store_id, sku")
    step("ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_key")
    add_unique("customers", "store_id, user_id")
    step("ALTER TABLE customers DROP CONSTRAINT customers_user_id_key")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL timezone = 'UTC'")
    for table in ALL_TABLES:
        op.execute(f"""
            DROP POLICY tenant ON {table}; ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
            ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
            REVOKE ALL ON {table} FROM stormcom_app, stormcom_worker, stormcom_pipelines""")
    op.execute("""
        ALTER TABLE customers DROP CONSTRAINT customers_store_id_user_id_key;
        ALTER TABLE customers ADD UNIQUE (user_id);
        ALTER TABLE product_variants DROP CONSTRAINT product_variants_store_id_sku_key;
        ALTER TABLE product_variants ADD UNIQUE (sku);
        DROP INDEX stores_organization_id_idx;
        ALTER TABLE stores ADD UNIQUE (organization_id)""")
    for table, column, parent, action in KEYS:
        op.execute(f"""
            ALTER TABLE {table} DROP CONSTRAINT {table}_store_id_{column}_fkey;
            ALTER TABLE {table} ADD FOREIGN KEY ({column}) REFERENCES {parent}
              ON DELETE {action} ON UPDATE CASCADE""")
    op.execute("ALTER TABLE reviews DROP CONSTRAINT reviews_store_id_fkey")
    for table in REFERENCED:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_store_id_id_key")
    for child, _, _ in CHILDREN:
        op.execute(f"DROP TRIGGER a_store_from_parent ON {child}; ALTER TABLE {child} DROP COLUMN store_id")
    for table in ALL_TABLES:
        if table != "verification_tokens":
            op.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP DEFAULT")
    for table in TOUCHED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN updated_at DROP DEFAULT")
    op.execute("""DROP FUNCTION store_from_parent(), secure_tenant_table(regclass), secure_table(regclass, text),
                  current_user_id(), current_store_id()""")
    op.execute(RETYPE_BACK)
