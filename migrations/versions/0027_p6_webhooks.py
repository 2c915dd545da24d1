"""Webhooks: who wants to hear of which events, and every delivery of one."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE webhook_subscription (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  url text NOT NULL CHECK (url ~ '^https://[^[:space:]]+$' AND length(url) <= 2000),
  events text[] NOT NULL CHECK (cardinality(events) > 0), secret_ciphertext bytea, description text,
  is_active boolean NOT NULL DEFAULT true, failure_count integer NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
  disabled_at timestamptz, disabled_reason text, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (store_id, id),
  CHECK (disabled_at IS NULL OR NOT is_active));
CREATE INDEX webhook_subscription_store_id_created_at_idx ON webhook_subscription (store_id, created_at)
  WHERE deleted_at IS NULL;
SELECT secure_tenant_table('webhook_subscription');
CREATE TABLE webhook_delivery (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, subscription_id uuid NOT NULL,
  domain_event_id uuid NOT NULL, event_name text NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed', 'dead')),
  attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  response_status smallint CHECK (response_status BETWEEN 100 AND 599),
  response_body text CHECK (length(response_body) <= 1000), error text, duration_ms integer CHECK (duration_ms >= 0),
  next_attempt_at timestamptz, delivered_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE (store_id, subscription_id, domain_event_id), CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
  CHECK (status IN ('pending', 'failed') OR next_attempt_at IS NULL),
  FOREIGN KEY (store_id, subscription_id) REFERENCES webhook_subscription (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, domain_event_id) REFERENCES domain_event (store_id, id) ON DELETE CASCADE);
CREATE INDEX webhook_delivery_store_id_subscription_id_created_at_idx
  ON webhook_delivery (store_id, subscription_id, created_at);
CREATE INDEX webhook_delivery_store_id_domain_event_id_idx ON webhook_delivery (store_id, domain_event_id);
CREATE INDEX webhook_delivery_next_attempt_at_idx ON webhook_delivery (next_attempt_at)
  WHERE next_attempt_at IS NOT NULL;
SELECT secure_tenant_table('webhook_delivery');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE webhook_delivery, webhook_subscription")
