"""Payments: gateway configurations, attempts with their balances, gateway events, and refunds bound to an attempt.

The balances stand on the attempt, so that concurrent captures and refunds meet at one row and one CHECK.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CONFIG = """
CREATE TABLE payment_provider_config (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  gateway payment_gateway NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  is_active boolean NOT NULL DEFAULT true, is_test boolean NOT NULL DEFAULT false,
  credentials_ciphertext bytea, public_settings jsonb NOT NULL DEFAULT '{}',
  callback_key text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', '') UNIQUE
    CHECK (length(callback_key) BETWEEN 16 AND 200),
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, UNIQUE (store_id, id));
CREATE UNIQUE INDEX payment_provider_config_live_name_key ON payment_provider_config (store_id, name)
  WHERE deleted_at IS NULL;
SELECT secure_tenant_table('payment_provider_config');
"""

ATTEMPTS = """
CREATE TABLE payment_attempt (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  order_id uuid NOT NULL, provider_config_id uuid, gateway payment_gateway NOT NULL,
  status text NOT NULL DEFAULT 'created'
    CHECK (status IN ('created', 'authorized', 'captured', 'voided', 'failed', 'unknown')),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), amount bigint NOT NULL CHECK (amount >= 0),
  authorized_amount bigint NOT NULL DEFAULT 0, captured_amount bigint NOT NULL DEFAULT 0,
  refunded_amount bigint NOT NULL DEFAULT 0, charged_back_amount bigint NOT NULL DEFAULT 0,
  external_ref text, failure_code text, failure_reason text, correlation_id uuid, request_id text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (store_id, id), UNIQUE (store_id, order_id, id, currency),
  CHECK (authorized_amount BETWEEN 0 AND amount), CHECK (captured_amount BETWEEN 0 AND authorized_amount),
  CHECK (charged_back_amount BETWEEN 0 AND captured_amount),
  CHECK (refunded_amount BETWEEN 0 AND captured_amount - charged_back_amount),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, provider_config_id) REFERENCES payment_provider_config (store_id, id)
    ON DELETE SET NULL (provider_config_id));
CREATE UNIQUE INDEX payment_attempt_external_ref_key ON payment_attempt (store_id, gateway, external_ref)
  WHERE external_ref IS NOT NULL;
CREATE INDEX payment_attempt_store_id_order_id_status_idx ON payment_attempt (store_id, order_id, status);
CREATE INDEX payment_attempt_store_id_provider_config_id_idx ON payment_attempt (store_id, provider_config_id);
CREATE INDEX payment_attempt_store_id_status_updated_at_idx ON payment_attempt (store_id, status, updated_at);
SELECT secure_tenant_table('payment_attempt');
CREATE TABLE gateway_event (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  provider_config_id uuid NOT NULL, payment_attempt_id uuid, external_ref text NOT NULL, name text NOT NULL,
  body jsonb NOT NULL, is_verified boolean NOT NULL, refusal text, occurred_at timestamptz,
  received_at timestamptz NOT NULL DEFAULT now(), applied_at timestamptz, UNIQUE (store_id, id),
  CHECK (is_verified = (refusal IS NULL)), CHECK (is_verified OR applied_at IS NULL),
  FOREIGN KEY (store_id, provider_config_id) REFERENCES payment_provider_config (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, payment_attempt_id) REFERENCES payment_attempt (store_id, id)
    ON DELETE SET NULL (payment_attempt_id));
-- A gateway may repeat an event; what was refused may come again and be right.
CREATE UNIQUE INDEX gateway_event_external_ref_key ON gateway_event (store_id, provider_config_id, external_ref)
  WHERE is_verified;
CREATE INDEX gateway_event_store_id_payment_attempt_id_idx ON gateway_event (store_id, payment_attempt_id);
CREATE INDEX gateway_event_store_id_received_at_idx ON gateway_event (store_id, received_at);
SELECT secure_tenant_table('gateway_event');
"""

# The currency is part of the key: a running total of two currencies would bound nothing.
REFUNDS = """
ALTER TABLE refund ADD COLUMN payment_attempt_id uuid,
  ADD CONSTRAINT refund_payment_attempt_fkey FOREIGN KEY (store_id, order_id, payment_attempt_id, currency)
    REFERENCES payment_attempt (store_id, order_id, id, currency) NOT VALID;
ALTER TABLE refund VALIDATE CONSTRAINT refund_payment_attempt_fkey;
CREATE FUNCTION refund_attempt_total() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' AND OLD.payment_attempt_id IS NOT NULL AND OLD.status <> 'failed' THEN
    UPDATE payment_attempt SET refunded_amount = refunded_amount - OLD.amount
      WHERE store_id = OLD.store_id AND id = OLD.payment_attempt_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.payment_attempt_id IS NOT NULL AND NEW.status <> 'failed' THEN
    UPDATE payment_attempt SET refunded_amount = refunded_amount + NEW.amount
      WHERE store_id = NEW.store_id AND id = NEW.payment_attempt_id;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER attempt_total AFTER INSERT OR DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refund_attempt_total();
CREATE TRIGGER attempt_total_moved AFTER UPDATE ON refund FOR EACH ROW
  WHEN ((OLD.amount, OLD.status, OLD.payment_attempt_id) IS DISTINCT FROM
        (NEW.amount, NEW.status, NEW.payment_attempt_id)) EXECUTE FUNCTION refund_attempt_total();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for part in (CONFIG, ATTEMPTS, REFUNDS):
        op.execute(part)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER attempt_total ON refund; DROP TRIGGER attempt_total_moved ON refund;
        DROP FUNCTION refund_attempt_total();
        ALTER TABLE refund DROP COLUMN payment_attempt_id;
        DROP TABLE gateway_event, payment_attempt, payment_provider_config""")
