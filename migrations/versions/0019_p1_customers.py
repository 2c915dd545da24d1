"""Segments, custom fields, subscriptions, fraud assessments, app integrations, and the mirror of background jobs."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Membership is history: two spells of one customer in one segment can't overlap.
SEGMENTS = """
CREATE TABLE customer_segment (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'), description text,
  kind text NOT NULL DEFAULT 'manual' CHECK (kind IN ('manual', 'rule')), rule jsonb,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, UNIQUE (store_id, id), CHECK ((kind = 'rule') = (rule IS NOT NULL)));
CREATE UNIQUE INDEX customer_segment_live_slug_key ON customer_segment (store_id, slug) WHERE deleted_at IS NULL;
SELECT secure_tenant_table('customer_segment');
CREATE TABLE customer_segment_member (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, segment_id uuid NOT NULL, customer_id uuid NOT NULL,
  joined_at timestamptz NOT NULL DEFAULT now(), left_at timestamptz CHECK (left_at > joined_at),
  during tstzrange GENERATED ALWAYS AS (tstzrange(joined_at, left_at, '[)')) STORED, UNIQUE (store_id, id),
  CONSTRAINT customer_segment_member_no_overlap UNIQUE (store_id, segment_id, customer_id, during WITHOUT OVERLAPS),
  FOREIGN KEY (store_id, segment_id) REFERENCES customer_segment (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE);
CREATE INDEX customer_segment_member_store_id_customer_id_idx ON customer_segment_member (store_id, customer_id);
SELECT secure_tenant_table('customer_segment_member');
"""

FIELDS = """
CREATE TABLE customer_custom_field (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$'), label text NOT NULL CHECK (length(label) BETWEEN 1 AND 200),
  kind text NOT NULL CHECK (kind IN ('text', 'number', 'boolean', 'date', 'choice')), choices text[],
  is_required boolean NOT NULL DEFAULT false, position integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, UNIQUE (store_id, id), UNIQUE (store_id, id, kind),
  CHECK ((kind = 'choice') = (choices IS NOT NULL AND cardinality(choices) > 0)));
CREATE UNIQUE INDEX customer_custom_field_live_key_key ON customer_custom_field (store_id, key)
  WHERE deleted_at IS NULL;
SELECT secure_tenant_table('customer_custom_field');
CREATE TABLE customer_custom_value (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, customer_id uuid NOT NULL, field_id uuid NOT NULL,
  kind text NOT NULL, text_value text, number_value numeric, boolean_value boolean, date_value date,
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id), UNIQUE (store_id, customer_id, field_id),
  CHECK (num_nonnulls(text_value, number_value, boolean_value, date_value) = 1),
  CHECK ((CASE kind WHEN 'number' THEN number_value::text WHEN 'boolean' THEN boolean_value::text
          WHEN 'date' THEN date_value::text ELSE text_value END) IS NOT NULL),
  FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, field_id, kind) REFERENCES customer_custom_field (store_id, id, kind) ON DELETE CASCADE);
CREATE INDEX customer_custom_value_store_id_field_id_idx ON customer_custom_value (store_id, field_id);
SELECT secure_tenant_table('customer_custom_value');
"""

RECURRING = """
CREATE TABLE subscription (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  customer_id uuid NOT NULL, variant_id uuid NOT NULL, status text NOT NULL DEFAULT 'active'
    CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'canceled')),
  quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0), unit_price_amount bigint NOT NULL
    CHECK (unit_price_amount >= 0), currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  interval_unit text NOT NULL CHECK (interval_unit IN ('day', 'week', 'month', 'year')),
  interval_count smallint NOT NULL DEFAULT 1 CHECK (interval_count BETWEEN 1 AND 366), anchored_at timestamptz NOT NULL,
  period_started_at timestamptz NOT NULL, period_ends_at timestamptz NOT NULL, next_billing_at timestamptz,
  is_ending boolean NOT NULL DEFAULT false, canceled_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id), CHECK (period_ends_at > period_started_at),
  CHECK ((status = 'canceled') = (canceled_at IS NOT NULL)),
  CHECK (status <> 'canceled' OR next_billing_at IS NULL),
  FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id));
CREATE INDEX subscription_store_id_customer_id_idx ON subscription (store_id, customer_id);
CREATE INDEX subscription_store_id_variant_id_idx ON subscription (store_id, variant_id);
CREATE INDEX subscription_store_id_next_billing_at_idx ON subscription (store_id, next_billing_at)
  WHERE next_billing_at IS NOT NULL;
SELECT secure_tenant_table('subscription');
CREATE TABLE fraud_assessment (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  order_id uuid NOT NULL, rules_version text NOT NULL, score smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
  decision text NOT NULL CHECK (decision IN ('approve', 'review', 'decline')), features jsonb NOT NULL DEFAULT '{}',
  reasons text[] NOT NULL DEFAULT '{}', assessed_at timestamptz NOT NULL DEFAULT now(),
  reviewed_by_user_id uuid REFERENCES users ON DELETE SET NULL, reviewed_at timestamptz,
  review_decision text CHECK (review_decision IN ('approve', 'decline')), UNIQUE (store_id, id),
  CHECK ((reviewed_at IS NULL) = (review_decision IS NULL)),
  CHECK (reviewed_by_user_id IS NULL OR reviewed_at IS NOT NULL),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE);
CREATE INDEX fraud_assessment_store_id_order_id_assessed_at_idx ON fraud_assessment (store_id, order_id, assessed_at);
SELECT secure_tenant_table('fraud_assessment');
"""

PLATFORM = """
CREATE TABLE app_integration (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  app_key text NOT NULL CHECK (app_key ~ '^[a-z0-9]+([._-][a-z0-9]+)*$'), name text NOT NULL, version text NOT NULL,
  status text NOT NULL DEFAULT 'installed' CHECK (status IN ('installed', 'disabled', 'uninstalled')),
  scopes text[] NOT NULL DEFAULT '{}', settings jsonb NOT NULL DEFAULT '{}', api_token_id uuid,
  installed_by_user_id uuid REFERENCES users ON DELETE SET NULL, installed_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), uninstalled_at timestamptz, UNIQUE (store_id, id),
  CHECK ((status = 'uninstalled') = (uninstalled_at IS NOT NULL)),
  FOREIGN KEY (store_id, api_token_id) REFERENCES api_token (store_id, id) ON DELETE SET NULL (api_token_id));
CREATE UNIQUE INDEX app_integration_live_app_key_key ON app_integration (store_id, app_key)
  WHERE uninstalled_at IS NULL;
SELECT secure_tenant_table('app_integration');
-- store_id is empty for jobs that serve no store; the app never sees those.
CREATE TABLE job_descriptor (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid REFERENCES stores ON DELETE CASCADE,
  job_id bigint NOT NULL UNIQUE, task text NOT NULL, queue text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
  attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0), arguments jsonb NOT NULL DEFAULT '{}',
  error text, scheduled_at timestamptz, started_at timestamptz, finished_at timestamptz, correlation_id uuid,
  request_id text, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((status IN ('succeeded', 'failed', 'canceled')) = (finished_at IS NOT NULL)),
  CHECK (status <> 'running' OR started_at IS NOT NULL));
CREATE INDEX job_descriptor_store_id_created_at_idx ON job_descriptor (store_id, created_at);
SELECT secure_tenant_table('job_descriptor');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for part in (SEGMENTS, FIELDS, RECURRING, PLATFORM):
        op.execute(part)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TABLE job_descriptor, app_integration, fraud_assessment, subscription, customer_custom_value,
                   customer_custom_field, customer_segment_member, customer_segment""")
