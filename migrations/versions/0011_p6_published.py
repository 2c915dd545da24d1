"""Published results: what the pipelines bring back to Postgres, with the horizon each row is complete up to.

The pipelines role writes, the app reads under row-level security. Ratios are not stored: numerators and
denominators are, so that any window re-aggregates exactly.
"""

from alembic import op

from migrations.steps import step

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DAILY = """
CREATE TABLE daily_store_metrics (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, store_day date NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), gross_sales_amount bigint NOT NULL,
  discounts_amount bigint NOT NULL, sales_reversals_amount bigint NOT NULL, net_sales_amount bigint NOT NULL,
  shipping_amount bigint NOT NULL, taxes_amount bigint NOT NULL, total_sales_amount bigint NOT NULL,
  order_view_reversals_amount bigint NOT NULL, order_view_net_sales_amount bigint NOT NULL,
  orders_count bigint NOT NULL, orders_cancelled_count bigint NOT NULL, units_sold_count bigint NOT NULL,
  units_reversed_count bigint NOT NULL, new_customers_count bigint NOT NULL,
  returning_customers_count bigint NOT NULL, sessions_count bigint NOT NULL,
  converted_sessions_count bigint NOT NULL, visitors_count bigint NOT NULL, page_views_count bigint NOT NULL,
  product_views_count bigint NOT NULL, funnel_cart_count bigint NOT NULL, funnel_checkout_count bigint NOT NULL,
  funnel_order_count bigint NOT NULL, bot_events_count bigint NOT NULL, late_events_count bigint NOT NULL,
  horizon bigint NOT NULL, published_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (store_id, store_day),
  CHECK (net_sales_amount = gross_sales_amount - discounts_amount - sales_reversals_amount),
  CHECK (total_sales_amount = net_sales_amount + shipping_amount + taxes_amount),
  CHECK (order_view_net_sales_amount = gross_sales_amount - discounts_amount - order_view_reversals_amount));
"""

COHORTS = """
CREATE TABLE cohort_metrics (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  cohort_grain text NOT NULL CHECK (cohort_grain IN ('month', 'week')), cohort_on date NOT NULL,
  period_index integer NOT NULL CHECK (period_index >= 0),
  cohort_size_count bigint NOT NULL CHECK (cohort_size_count > 0),
  retained_count bigint CHECK (retained_count BETWEEN 0 AND cohort_size_count), revenue_amount bigint,
  cum_revenue_amount bigint, orders_count bigint, currency text NOT NULL, horizon bigint NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, cohort_grain, cohort_on, period_index),
  CHECK (num_nulls(retained_count, revenue_amount, cum_revenue_amount, orders_count) IN (0, 4)));
CREATE TABLE order_attribution (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, order_id uuid NOT NULL, model text NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0), touch_id text, channel text NOT NULL, source text, medium text,
  campaign text, credit_amount bigint NOT NULL, currency text NOT NULL, touched_at timestamptz,
  placed_on date NOT NULL, horizon bigint NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, order_id, model, ordinal),
  CHECK ((ordinal = 0) = (channel = 'unattributed')));
CREATE INDEX order_attribution_store_id_model_placed_on_idx ON order_attribution (store_id, model, placed_on);
"""

PRODUCTS = """
CREATE TABLE product_recommendation (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('similar', 'bought_together', 'bestsellers')), product_id uuid,
  recommended_product_id uuid NOT NULL, rank smallint NOT NULL CHECK (rank >= 1),
  score double precision NOT NULL, support integer, source text NOT NULL, reason text NOT NULL,
  model_version text NOT NULL, horizon bigint NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (store_id, kind, product_id, rank),
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, recommended_product_id) REFERENCES products (store_id, id) ON DELETE CASCADE,
  CHECK (product_id <> recommended_product_id), CHECK ((kind = 'bestsellers') = (product_id IS NULL)));
CREATE INDEX product_recommendation_store_id_recommended_product_id_idx
  ON product_recommendation (store_id, recommended_product_id);
CREATE TABLE product_sales_window (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  window_days integer NOT NULL CHECK (window_days > 0), rank integer NOT NULL CHECK (rank >= 1),
  product_id uuid NOT NULL, sku text NOT NULL, name text NOT NULL, units_count bigint NOT NULL,
  gross_sales_amount bigint NOT NULL, currency text NOT NULL, starts_on date NOT NULL, ends_on date NOT NULL,
  horizon bigint NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, window_days, rank), UNIQUE (store_id, window_days, product_id),
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE);
CREATE TABLE publication (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, mart text NOT NULL, horizon bigint NOT NULL,
  taken_at timestamptz NOT NULL, lake_snapshot_id bigint NOT NULL, row_count bigint NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (store_id, mart));
"""

TABLES = (
    "daily_store_metrics",
    "cohort_metrics",
    "order_attribution",
    "product_recommendation",
    "product_sales_window",
    "publication",
)


def upgrade() -> None:
    for part in (DAILY, COHORTS, PRODUCTS):
        step(part)
    for table in TABLES:
        step(f"""
            SELECT secure_tenant_table('{table}');
            REVOKE INSERT, UPDATE, DELETE ON {table} FROM stormcom_app, stormcom_worker;
            GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO stormcom_pipelines""")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TABLE {', '.join(TABLES)}")
