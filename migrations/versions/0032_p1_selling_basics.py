"""What selling stands on: a store's settings and counters, requests that may be repeated, codes of operations."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SETTINGS = """
CREATE TABLE selling_settings (
  store_id uuid PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
  prices_include_tax boolean NOT NULL DEFAULT false,
  promotion_mode text NOT NULL DEFAULT 'stack' CHECK (promotion_mode IN ('stack', 'best_deal')),
  converts_currencies boolean NOT NULL DEFAULT false,
  rate_source text NOT NULL DEFAULT 'ecb' CHECK (length(rate_source) BETWEEN 1 AND 100),
  quote_minutes integer NOT NULL DEFAULT 15 CHECK (quote_minutes BETWEEN 1 AND 1440),
  reservation_minutes integer NOT NULL DEFAULT 15 CHECK (reservation_minutes BETWEEN 1 AND 1440),
  unpaid_minutes integer NOT NULL DEFAULT 60 CHECK (unpaid_minutes BETWEEN 1 AND 43200),
  order_number_prefix text NOT NULL DEFAULT 'ORD-' CHECK (order_number_prefix ~ '^[A-Za-z0-9_-]{0,16}$'),
  updated_at timestamptz NOT NULL DEFAULT now());
SELECT secure_tenant_table('selling_settings');
-- One row a store, touched last in the transaction of an order: its lock is held for a commit, no longer.
CREATE TABLE store_counter (
  store_id uuid PRIMARY KEY REFERENCES stores ON DELETE CASCADE,
  last_order_number bigint NOT NULL DEFAULT 0 CHECK (last_order_number >= 0),
  month_on date NOT NULL DEFAULT '1970-01-01', month_order_count integer NOT NULL DEFAULT 0
    CHECK (month_order_count >= 0),
  orders_warned_on date, products_warned_at timestamptz);
SELECT secure_tenant_table('store_counter');
"""

IDEMPOTENCY = """
CREATE TABLE idempotency_record (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255), operation text NOT NULL,
  body_hash text NOT NULL CHECK (body_hash ~ '^[0-9a-f]{64}$'),
  status text NOT NULL DEFAULT 'started' CHECK (status IN ('started', 'done')),
  response_status smallint, response_body text, response_headers jsonb NOT NULL DEFAULT '{}',
  lease_until timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
  PRIMARY KEY (store_id, key), CHECK ((status = 'done') = (response_status IS NOT NULL)),
  CHECK (expires_at > created_at));
CREATE INDEX idempotency_record_expires_at_idx ON idempotency_record (expires_at);
SELECT secure_tenant_table('idempotency_record');
"""

# Each role has what the one before it has, and more.
ROLES = {
    "VIEWER": ("payment.read", "search.read", "recommendation.read", "invariant.read"),
    "MEMBER": (
        "order.write", "customer.write", "cart.write", "checkout.place", "discount.apply", "shipping.manage",
        "return.write", "return.manage", "review.write", "review.moderate", "event.write",
    ),
    "ADMIN": (
        "price.manage", "payment.capture", "customer.segment.manage", "subscription.manage", "fraud.review",
    ),
    "OWNER": (),
}
NEW = (
    "payment.read", "search.read", "recommendation.read", "invariant.read", "cart.write", "checkout.place",
    "shipping.manage", "return.write", "return.manage", "review.write", "review.moderate", "event.write",
    "price.manage", "payment.capture", "subscription.manage", "fraud.review",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(SETTINGS)
    op.execute(IDEMPOTENCY)
    listed = ", ".join(f"('{code}')" for code in NEW)
    op.execute(f"INSERT INTO permission (code) VALUES {listed}")
    granted: list[str] = []
    for role, own in ROLES.items():
        granted.extend(own)
        listed = ", ".join(f"'{code}'" for code in granted)
        op.execute(f"""INSERT INTO role_permission (role, permission_id)
                       SELECT '{role}', id FROM permission WHERE store_id IS NULL AND code IN ({listed})""")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    granted = ", ".join(f"'{code}'" for own in ROLES.values() for code in own)
    op.execute(f"""
        DELETE FROM role_permission r USING permission p WHERE p.id = r.permission_id AND r.store_id IS NULL
          AND p.store_id IS NULL AND p.code IN ({granted})""")
    listed = ", ".join(f"'{code}'" for code in NEW)
    op.execute(f"DELETE FROM permission WHERE store_id IS NULL AND code IN ({listed})")
    op.execute("DROP TABLE idempotency_record, store_counter, selling_settings")
