"""Payments as a ledger: what a gateway said, once each, in whatever order. An attempt has its order's currency."""

from alembic import op

from migrations.steps import add_check, add_foreign_key, add_unique, index_concurrently, step

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE payment_entry (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, payment_attempt_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('authorized', 'captured', 'voided', 'failed', 'refunded', 'charged_back',
    'charge_back_reversed', 'unknown', 'resolved')),
  amount bigint NOT NULL CHECK (amount >= 0), external_ref text NOT NULL CHECK (length(external_ref) BETWEEN 1 AND 255),
  gateway_event_id uuid, detail jsonb NOT NULL DEFAULT '{}', correlation_id uuid, request_id text,
  occurred_at timestamptz NOT NULL DEFAULT now(), created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE (store_id, payment_attempt_id, kind, external_ref),
  FOREIGN KEY (store_id, payment_attempt_id) REFERENCES payment_attempt (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, gateway_event_id) REFERENCES gateway_event (store_id, id)
    ON DELETE SET NULL (gateway_event_id));
CREATE INDEX payment_entry_store_id_gateway_event_id_idx ON payment_entry (store_id, gateway_event_id);
SELECT secure_tenant_table('payment_entry');
CREATE FUNCTION payment_entry_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'payment_entry is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE ON payment_entry FOR EACH ROW
  WHEN ((OLD.store_id, OLD.id, OLD.payment_attempt_id, OLD.kind, OLD.amount, OLD.external_ref, OLD.detail,
         OLD.occurred_at) IS DISTINCT FROM
        (NEW.store_id, NEW.id, NEW.payment_attempt_id, NEW.kind, NEW.amount, NEW.external_ref, NEW.detail,
         NEW.occurred_at))
  EXECUTE FUNCTION payment_entry_frozen();
"""

# A refund that no payment of ours bounds (an imported order) is bounded by what the order cost.
BOUND = """
CREATE FUNCTION refund_order_bound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint; given numeric; BEGIN
  SELECT order_total_amount INTO total FROM orders WHERE store_id = NEW.store_id AND id = NEW.order_id
    FOR NO KEY UPDATE;
  SELECT coalesce(sum(amount), 0) INTO given FROM refund
    WHERE store_id = NEW.store_id AND order_id = NEW.order_id AND status <> 'failed' AND id <> NEW.id;
  IF given + NEW.amount > total THEN
    RAISE EXCEPTION 'refunds of order % come to more than its total', NEW.order_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_order_bound', TABLE = 'refund';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER order_bound BEFORE INSERT ON refund FOR EACH ROW
  WHEN (NEW.payment_attempt_id IS NULL AND NEW.status <> 'failed') EXECUTE FUNCTION refund_order_bound();
CREATE TRIGGER order_bound_moved BEFORE UPDATE ON refund FOR EACH ROW
  WHEN (NEW.payment_attempt_id IS NULL AND NEW.status <> 'failed'
        AND (OLD.status = 'failed' OR NEW.amount > OLD.amount OR OLD.payment_attempt_id IS NOT NULL))
  EXECUTE FUNCTION refund_order_bound();
"""
# The store of a gateway's callback is not known before: its key says it.
CALLBACK = """
CREATE FUNCTION find_payment_callback(key text) RETURNS TABLE (store_id uuid, config_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.store_id, c.id FROM payment_provider_config c WHERE c.callback_key = key AND c.deleted_at IS NULL $$;
REVOKE ALL ON FUNCTION find_payment_callback(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_payment_callback(text) TO stormcom_app;
"""


def upgrade() -> None:
    step(UP)
    step("ALTER TABLE refund ADD COLUMN wanted_amount bigint, ADD COLUMN restock jsonb")
    add_check("refund", "refund_wanted_amount_check", "wanted_amount > amount")
    index_concurrently("payment_attempt_listing_idx", "payment_attempt (store_id, created_at DESC, id DESC)")
    index_concurrently("refund_listing_idx", "refund (store_id, created_at DESC, id DESC)")
    step(BOUND)
    step(CALLBACK)
    step("ALTER TABLE payment_attempt ADD COLUMN method payment_method")
    add_unique("orders", "store_id, id, currency")
    add_foreign_key("payment_attempt", "store_id, order_id, currency",
                    "orders (store_id, id, currency) ON DELETE CASCADE", name="payment_attempt_order_currency_fkey")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP FUNCTION find_payment_callback(text);
        DROP INDEX refund_listing_idx, payment_attempt_listing_idx;
        DROP TRIGGER order_bound ON refund; DROP TRIGGER order_bound_moved ON refund;
        DROP FUNCTION refund_order_bound();
        ALTER TABLE refund DROP COLUMN wanted_amount, DROP COLUMN restock;
        ALTER TABLE payment_attempt DROP CONSTRAINT payment_attempt_order_currency_fkey, DROP COLUMN method;
        ALTER TABLE orders DROP CONSTRAINT orders_store_id_id_currency_key;
        DROP TABLE payment_entry; DROP FUNCTION payment_entry_frozen()""")
