"""Refunds by item, shipping, tax or amount; no line can be refunded more often than it was ordered."""

from alembic import op

from migrations.steps import add_check, add_unique, step

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUND = """
CREATE TABLE refund (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  order_id uuid NOT NULL, currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  amount bigint NOT NULL CHECK (amount >= 0),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processed', 'failed')), reason text,
  external_ref text, correlation_id uuid, request_id text, created_at timestamptz NOT NULL DEFAULT now(),
  processed_at timestamptz, UNIQUE (store_id, id), UNIQUE (store_id, order_id, id),
  CHECK ((status = 'processed') = (processed_at IS NOT NULL)),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE);
CREATE INDEX refund_store_id_order_id_idx ON refund (store_id, order_id);
SELECT secure_tenant_table('refund'), track_rows('refund', 'id');
"""

ITEMS = """
CREATE TABLE refund_item (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  refund_id uuid NOT NULL, order_id uuid NOT NULL, order_item_id uuid,
  kind text NOT NULL CHECK (kind IN ('item', 'shipping', 'tax', 'amount')),
  quantity integer CHECK (quantity > 0), amount bigint NOT NULL CHECK (amount >= 0), UNIQUE (store_id, id),
  CHECK ((kind = 'item') = (quantity IS NOT NULL)), CHECK (kind <> 'item' OR order_item_id IS NOT NULL),
  FOREIGN KEY (store_id, order_id, refund_id) REFERENCES refund (store_id, order_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id, order_item_id) REFERENCES order_items (store_id, order_id, id)
    ON DELETE CASCADE);
CREATE INDEX refund_item_store_id_refund_id_idx ON refund_item (store_id, refund_id);
CREATE INDEX refund_item_store_id_order_id_order_item_id_idx ON refund_item (store_id, order_id, order_item_id);
SELECT secure_tenant_table('refund_item'), track_rows('refund_item', 'id');
-- The running total stands on the line, so that concurrent refunds meet at one row and one CHECK.
-- The refund is held meanwhile: one that fails counts the items it sees, and must not miss one that is being added.
CREATE FUNCTION refund_item_total() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' AND OLD.kind = 'item' THEN
    PERFORM FROM refund WHERE store_id = OLD.store_id AND id = OLD.refund_id FOR NO KEY UPDATE;
    UPDATE order_items i SET refunded_quantity = refunded_quantity - OLD.quantity FROM refund r
      WHERE r.store_id = OLD.store_id AND r.id = OLD.refund_id AND r.status <> 'failed'
        AND i.store_id = OLD.store_id AND i.id = OLD.order_item_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.kind = 'item' THEN
    PERFORM FROM refund WHERE store_id = NEW.store_id AND id = NEW.refund_id FOR NO KEY UPDATE;
    UPDATE order_items i SET refunded_quantity = refunded_quantity + NEW.quantity FROM refund r
      WHERE r.store_id = NEW.store_id AND r.id = NEW.refund_id AND r.status <> 'failed'
        AND i.store_id = NEW.store_id AND i.id = NEW.order_item_id;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER total AFTER INSERT OR UPDATE OR DELETE ON refund_item
  FOR EACH ROW EXECUTE FUNCTION refund_item_total();
CREATE FUNCTION refund_failed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (OLD.status = 'failed') <> (NEW.status = 'failed') THEN
    UPDATE order_items i SET refunded_quantity = refunded_quantity
      + CASE WHEN NEW.status = 'failed' THEN -t.quantity ELSE t.quantity END
    FROM (SELECT order_item_id, sum(quantity)::integer AS quantity FROM refund_item
          WHERE store_id = NEW.store_id AND refund_id = NEW.id AND kind = 'item' GROUP BY 1) t
    WHERE i.store_id = NEW.store_id AND i.id = t.order_item_id;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER failed AFTER UPDATE OF status ON refund FOR EACH ROW EXECUTE FUNCTION refund_failed();
-- A refund deleted with its order takes its items along; the total must fall while the refund is still there.
CREATE FUNCTION refund_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM refund_item WHERE store_id = OLD.store_id AND refund_id = OLD.id;
  RETURN OLD; END $$;
CREATE TRIGGER items_first BEFORE DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refund_delete();
"""

DOWN = """
DROP TABLE refund_item, refund;
DROP FUNCTION refund_item_total(), refund_failed(), refund_delete();
ALTER TABLE order_items DROP COLUMN refunded_quantity, DROP CONSTRAINT order_items_store_id_order_id_id_key;
DELETE FROM row_tombstone WHERE table_name IN ('refund', 'refund_item')
"""


def upgrade() -> None:
    step(REFUND)
    step("ALTER TABLE order_items ADD COLUMN refunded_quantity integer NOT NULL DEFAULT 0")
    add_check("order_items", "order_items_check", "refunded_quantity BETWEEN 0 AND greatest(quantity, 0)")
    add_unique("order_items", "store_id, order_id, id")
    step(ITEMS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DOWN)
