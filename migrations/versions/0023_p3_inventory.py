"""Stock: a level per variant (snapshot), append-only adjustments (ledger), reservations. Snapshot = Σ ledger."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# A variant that is not tracked may be sold without end; for all others this CHECK stops even raw SQL from overselling.
# A legacy program knows no floor: what it sold too much stands in legacy_shortage, which nobody may sell from.
LEVELS = """
CREATE TABLE inventory_level (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, variant_id uuid NOT NULL,
  on_hand integer NOT NULL DEFAULT 0, reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  backorder_limit integer NOT NULL DEFAULT 0 CHECK (backorder_limit >= 0),
  legacy_shortage bigint NOT NULL DEFAULT 0 CHECK (legacy_shortage >= 0), is_tracked boolean NOT NULL DEFAULT true,
  low_stock_threshold integer NOT NULL DEFAULT 5, updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, variant_id),
  CONSTRAINT inventory_level_available_check
    CHECK (NOT is_tracked OR reserved BETWEEN 0 AND on_hand::bigint + backorder_limit + legacy_shortage),
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id) ON DELETE CASCADE);
SELECT secure_tenant_table('inventory_level');
CREATE FUNCTION stock_shortage(on_hand bigint, reserved bigint, backorder_limit bigint, is_tracked boolean)
  RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN is_tracked THEN greatest(0, reserved - on_hand - backorder_limit) ELSE 0 END $$;
CREATE TABLE inventory_adjustment (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, variant_id uuid NOT NULL,
  delta integer NOT NULL CHECK (delta <> 0),
  reason_code text NOT NULL CHECK (reason_code IN ('sale', 'return', 'manual', 'correction', 'initial')),
  reason_detail text, note text, order_id uuid, user_id uuid REFERENCES users ON DELETE SET NULL,
  inventory_log_id uuid, correlation_id uuid, request_id text, created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (store_id, id),
  FOREIGN KEY (store_id, variant_id) REFERENCES inventory_level (store_id, variant_id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE SET NULL (order_id));
-- A log row is replayed at most once, however often a backfill is repeated.
CREATE UNIQUE INDEX inventory_adjustment_inventory_log_key ON inventory_adjustment (store_id, inventory_log_id)
  WHERE inventory_log_id IS NOT NULL;
CREATE INDEX inventory_adjustment_store_id_variant_id_created_at_idx
  ON inventory_adjustment (store_id, variant_id, created_at);
CREATE INDEX inventory_adjustment_store_id_order_id_idx ON inventory_adjustment (store_id, order_id)
  WHERE order_id IS NOT NULL;
SELECT secure_tenant_table('inventory_adjustment');
-- The ledger is a record: only the link to a deleted user or order may fall away.
CREATE FUNCTION inventory_adjustment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'inventory_adjustment is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE ON inventory_adjustment FOR EACH ROW
  WHEN ((OLD.store_id, OLD.id, OLD.variant_id, OLD.delta, OLD.reason_code, OLD.reason_detail, OLD.note,
         OLD.inventory_log_id, OLD.correlation_id, OLD.created_at) IS DISTINCT FROM
        (NEW.store_id, NEW.id, NEW.variant_id, NEW.delta, NEW.reason_code, NEW.reason_detail, NEW.note,
         NEW.inventory_log_id, NEW.correlation_id, NEW.created_at)
        OR (NEW.user_id IS NOT NULL AND NEW.user_id IS DISTINCT FROM OLD.user_id)
        OR (NEW.order_id IS NOT NULL AND NEW.order_id IS DISTINCT FROM OLD.order_id))
  EXECUTE FUNCTION inventory_adjustment_frozen();
CREATE TABLE stock_reservation (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, variant_id uuid NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0), expires_at timestamptz NOT NULL, extended_at timestamptz,
  order_id uuid, correlation_id uuid, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  CHECK (expires_at > created_at),
  FOREIGN KEY (store_id, variant_id) REFERENCES inventory_level (store_id, variant_id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE);
CREATE INDEX stock_reservation_store_id_variant_id_expires_at_idx
  ON stock_reservation (store_id, variant_id, expires_at);
CREATE INDEX stock_reservation_store_id_order_id_idx ON stock_reservation (store_id, order_id);
CREATE INDEX stock_reservation_expires_at_idx ON stock_reservation (expires_at);
SELECT secure_tenant_table('stock_reservation');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(LEVELS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TABLE stock_reservation, inventory_adjustment, inventory_level;
        DROP FUNCTION stock_shortage(bigint, bigint, bigint, boolean), inventory_adjustment_frozen()""")
