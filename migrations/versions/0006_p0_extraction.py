"""Extraction: a row version that never misses a late commit, and tombstones for deleted rows.

`row_version` is the id of the transaction that last wrote the row. A reader that stops at the oldest running
transaction has seen every row below it; sequences and clocks can't promise that. `track_rows(table, key)`
is how a new table becomes extracted, steps.track() how one with rows does.
"""

from alembic import op

from migrations.steps import step, track

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TRACKED = ("stores", "products", "product_variants", "orders", "order_items")

FUNCTIONS = """
CREATE TABLE row_tombstone (
  store_id uuid NOT NULL, table_name text NOT NULL, row_id text NOT NULL,
  row_version xid8 NOT NULL DEFAULT pg_current_xact_id(), deleted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, table_name, row_id, row_version));
CREATE INDEX row_tombstone_row_version_idx ON row_tombstone (row_version);
SELECT secure_tenant_table('row_tombstone');
CREATE FUNCTION stamp_row_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.row_version := pg_current_xact_id();
  RETURN NEW; END $$;
-- The tombstone must be written whoever deletes, also a cascade that runs without a store set.
CREATE FUNCTION write_tombstone() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE old_row jsonb := to_jsonb(OLD); BEGIN
  INSERT INTO row_tombstone (store_id, table_name, row_id)
    VALUES (coalesce((old_row ->> 'store_id')::uuid, (old_row ->> 'id')::uuid), TG_ARGV[0],
            old_row ->> TG_ARGV[1])
    ON CONFLICT DO NOTHING;
  RETURN NULL; END $$;
CREATE FUNCTION track_rows(target regclass, key text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  -- A constant first: a default that is computed would write every row anew.
  EXECUTE format('ALTER TABLE %s ADD COLUMN row_version xid8 NOT NULL DEFAULT %L', target, pg_current_xact_id());
  EXECUTE format('ALTER TABLE %s ALTER COLUMN row_version SET DEFAULT pg_current_xact_id()', target);
  EXECUTE format('CREATE INDEX %s ON %s (row_version)', target || '_row_version_idx', target);
  EXECUTE format('CREATE TRIGGER z_row_version BEFORE UPDATE ON %s FOR EACH ROW
                  EXECUTE FUNCTION stamp_row_version()', target);
  EXECUTE format('CREATE TRIGGER z_tombstone AFTER DELETE ON %s FOR EACH ROW
                  EXECUTE FUNCTION write_tombstone(%L, %L)', target, target::text, key);
END $$;
"""


def upgrade() -> None:
    step(FUNCTIONS)
    for table in TRACKED:
        track(table, "id")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TRACKED:
        op.execute(f"""DROP TRIGGER z_tombstone ON {table}; DROP TRIGGER z_row_version ON {table};
                       ALTER TABLE {table} DROP COLUMN row_version""")
    op.execute("""DROP FUNCTION track_rows(regclass, text), stamp_row_version(), write_tombstone();
                  DROP TABLE row_tombstone""")
