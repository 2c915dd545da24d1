"""Billing cycles of subscriptions: one row a period, so a cycle that runs twice bills once.

And what fraud looks up with every order: a person's latest orders, and those from one address of the network.
The log of fraud's decisions is never changed.
"""

from alembic import op

from migrations.steps import add_foreign_key, index_concurrently, step

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE subscription_cycle (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, subscription_id uuid NOT NULL,
  period_started_at timestamptz NOT NULL, period_ends_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'billed', 'failed', 'skipped')), order_id uuid,
  attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0), next_attempt_at timestamptz,
  failure_code text, created_at timestamptz NOT NULL DEFAULT now(), billed_at timestamptz, UNIQUE (store_id, id),
  UNIQUE (store_id, subscription_id, period_started_at), CHECK (period_ends_at > period_started_at),
  CHECK ((status = 'billed') = (billed_at IS NOT NULL)),
  FOREIGN KEY (store_id, subscription_id) REFERENCES subscription (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE SET NULL (order_id));
CREATE INDEX subscription_cycle_store_id_order_id_idx ON subscription_cycle (store_id, order_id);
CREATE INDEX subscription_cycle_due_idx ON subscription_cycle (store_id, next_attempt_at) WHERE status = 'due';
SELECT secure_tenant_table('subscription_cycle');
"""


# What was decided stays decided: a person's review is a row of its own. Only the reviewer may be forgotten.
LOG = """
CREATE TRIGGER append_only BEFORE UPDATE OF order_id, rules_version, score, decision, features, reasons, assessed_at,
  reviewed_at, review_decision ON fraud_assessment FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    step(UP)
    step(LOG)
    step("ALTER TABLE subscription ADD COLUMN provider_config_id uuid, ADD COLUMN shipping_address jsonb, "
         "ADD COLUMN shipping_method text, ADD COLUMN payment_token text, "
         "ADD COLUMN payment_method payment_method NOT NULL DEFAULT 'CASH_ON_DELIVERY'")
    add_foreign_key("subscription", "store_id, provider_config_id",
                    "payment_provider_config (store_id, id) ON DELETE SET NULL (provider_config_id)")
    index_concurrently("subscription_store_id_provider_config_id_idx",
                       "subscription (store_id, provider_config_id)")
    index_concurrently("orders_person_idx", "orders (store_id, subject_id, placed_at)")
    index_concurrently("orders_ip_address_idx",
                       "orders (store_id, ip_address, placed_at) WHERE ip_address IS NOT NULL")
    index_concurrently("fraud_assessment_listing_idx", "fraud_assessment (store_id, assessed_at, id)")
    index_concurrently("fraud_assessment_suspects_idx",
                       "fraud_assessment (store_id, assessed_at, id) WHERE decision <> 'approve'")
    index_concurrently("customers_listing_idx", "customers (store_id, created_at DESC, id) WHERE deleted_at IS NULL")
    # The index on a person begins with the columns of the old one.
    step("DROP INDEX IF EXISTS orders_store_id_subject_id_idx")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER append_only ON fraud_assessment;
        CREATE INDEX orders_store_id_subject_id_idx ON orders (store_id, subject_id);
        DROP INDEX orders_person_idx, orders_ip_address_idx, fraud_assessment_listing_idx,
          fraud_assessment_suspects_idx, customers_listing_idx;
        ALTER TABLE subscription DROP COLUMN provider_config_id, DROP COLUMN shipping_address,
          DROP COLUMN shipping_method, DROP COLUMN payment_token, DROP COLUMN payment_method;
        DROP TABLE subscription_cycle""")
