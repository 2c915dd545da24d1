"""Prices in rows: by currency, segment, quantity and time; two windows of one key can't overlap."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Without NULLS NOT DISTINCT two rows without a segment would count as different keys and overlap unseen.
PRICES = """
CREATE TABLE product_price (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  product_id uuid, variant_id uuid, currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), segment_id uuid,
  min_quantity integer NOT NULL DEFAULT 1 CHECK (min_quantity >= 1), amount bigint NOT NULL CHECK (amount >= 0),
  compare_at_amount bigint CHECK (compare_at_amount >= 0), effective_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz CHECK (expires_at > effective_at),
  during tstzrange GENERATED ALWAYS AS (tstzrange(effective_at, expires_at, '[)')) STORED,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  CHECK (num_nonnulls(product_id, variant_id) = 1),
  CONSTRAINT product_price_no_overlap UNIQUE NULLS NOT DISTINCT
    (store_id, product_id, variant_id, currency, segment_id, min_quantity, during WITHOUT OVERLAPS),
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, segment_id) REFERENCES customer_segment (store_id, id) ON DELETE CASCADE);
CREATE INDEX product_price_store_id_product_id_currency_segment_id_idx
  ON product_price (store_id, product_id, currency, segment_id) WHERE product_id IS NOT NULL;
CREATE INDEX product_price_store_id_variant_id_currency_segment_id_idx
  ON product_price (store_id, variant_id, currency, segment_id) WHERE variant_id IS NOT NULL;
CREATE INDEX product_price_store_id_segment_id_idx ON product_price (store_id, segment_id)
  WHERE segment_id IS NOT NULL;
SELECT secure_tenant_table('product_price');
"""

# A platform table: one rate serves every store.
RATES = """
CREATE TABLE currency_rate (
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 100), base text NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
  quote text NOT NULL CHECK (quote ~ '^[A-Z]{3}$'), rated_on date NOT NULL,
  rate numeric(20, 10) NOT NULL CHECK (rate > 0), recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, base, quote, rated_on), CHECK (base <> quote));
CREATE INDEX currency_rate_base_quote_rated_on_idx ON currency_rate (base, quote, rated_on);
GRANT SELECT ON currency_rate TO stormcom_app, stormcom_pipelines;
GRANT SELECT, INSERT, UPDATE, DELETE ON currency_rate TO stormcom_worker;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(PRICES)
    op.execute(RATES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE currency_rate, product_price")
