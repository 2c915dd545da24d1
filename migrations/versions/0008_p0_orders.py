"""Orders learn where they came from, when they were placed, whose they are, and that they may be held."""

from alembic import op

from migrations.steps import add_check, add_foreign_key, batches, index_concurrently, set_not_null, step

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PLACED = """
ALTER TABLE orders
  ADD COLUMN origin text NOT NULL DEFAULT 'storefront', ADD COLUMN is_test boolean NOT NULL DEFAULT false,
  ADD COLUMN placed_at timestamptz, ADD COLUMN subject_id uuid, ADD COLUMN external_ref text,
  ADD COLUMN held_at timestamptz, ADD COLUMN hold_reason text;
CREATE FUNCTION orders_placed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.placed_at := coalesce(NEW.placed_at, NEW.created_at, now());
  IF NEW.customer_id IS NOT NULL THEN
    IF NEW.subject_id IS NULL OR (TG_OP = 'UPDATE' AND NEW.customer_id IS DISTINCT FROM OLD.customer_id) THEN
      NEW.subject_id := subject_of_customer(NEW.store_id, NEW.customer_id);
    END IF;
  ELSIF NEW.subject_id IS NULL AND TG_OP = 'INSERT' THEN
    NEW.subject_id := subject_of_guest(NEW.store_id, NEW.id, NEW.shipping_address);
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER c_placed BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION orders_placed();
"""

FILL = """
UPDATE orders SET placed_at = coalesce(placed_at, created_at), subject_id = CASE WHEN customer_id IS NOT NULL
  THEN subject_of_customer(store_id, customer_id) ELSE subject_of_guest(store_id, id, shipping_address) END
  WHERE id = ANY(%(ids)s) AND (placed_at IS NULL OR subject_id IS NULL)
"""

ZONES = """
CREATE TABLE store_zone_history (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, valid_from timestamptz NOT NULL,
  time_zone text NOT NULL, PRIMARY KEY (store_id, valid_from));
SELECT secure_tenant_table('store_zone_history'), track_rows('store_zone_history', 'valid_from');
-- Converting any instant raises for a name that is no time zone, so a wrong one can't be stored.
CREATE FUNCTION stores_zone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM now() AT TIME ZONE NEW.timezone;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO store_zone_history VALUES (NEW.id, '1970-01-01T00:00:00Z', NEW.timezone);
  ELSIF NEW.timezone IS DISTINCT FROM OLD.timezone THEN
    INSERT INTO store_zone_history VALUES (NEW.id, now(), NEW.timezone)
      ON CONFLICT (store_id, valid_from) DO UPDATE SET time_zone = excluded.time_zone;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER zone AFTER INSERT OR UPDATE ON stores FOR EACH ROW EXECUTE FUNCTION stores_zone();
INSERT INTO store_zone_history (store_id, valid_from, time_zone)
  SELECT id, '1970-01-01T00:00:00Z', timezone FROM stores;
"""

DOWN = """
DROP TRIGGER zone ON stores; DROP FUNCTION stores_zone(); DROP TABLE store_zone_history;
DROP TRIGGER c_placed ON orders; DROP FUNCTION orders_placed();
DELETE FROM row_tombstone WHERE table_name = 'store_zone_history';
ALTER TABLE orders DROP COLUMN hold_reason, DROP COLUMN held_at, DROP COLUMN external_ref, DROP COLUMN subject_id,
  DROP COLUMN placed_at, DROP COLUMN is_test, DROP COLUMN origin;
DELETE FROM subject WHERE kind IN ('order', 'guest');
DELETE FROM row_tombstone WHERE table_name = 'subject';
SET CONSTRAINTS ALL IMMEDIATE;
"""


def upgrade() -> None:
    step(PLACED)
    add_check("orders", "orders_origin_check", "origin IN ('storefront', 'import', 'opening')")
    add_check("orders", "orders_check", "(held_at IS NULL) = (hold_reason IS NULL)")
    batches("orders.subject_id", FILL, over="orders", where="placed_at IS NULL OR subject_id IS NULL")
    set_not_null("orders", "placed_at")
    add_foreign_key("orders", "store_id, subject_id", "subject (store_id, id) ON DELETE SET NULL (subject_id)")
    index_concurrently("orders_store_id_subject_id_idx", "orders (store_id, subject_id)")
    index_concurrently("orders_store_id_placed_at_idx", "orders (store_id, placed_at)")
    external = "orders (store_id, external_ref) WHERE external_ref IS NOT NULL"
    index_concurrently("orders_external_ref_key", external, unique=True)
    step(ZONES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DOWN)
