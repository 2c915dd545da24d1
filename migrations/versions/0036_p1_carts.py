"""Carts and quotes; what an order remembers of its quote; and the order's states, refused in SQL as well."""

from alembic import op

from migrations.steps import add_check, add_foreign_key, index_concurrently, step

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

CARTS = """
CREATE TABLE cart (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, customer_id uuid,
  visitor_id text CHECK (length(visitor_id) BETWEEN 1 AND 200), email text,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), locale text,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'ordered', 'abandoned')),
  codes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(codes) <= 10), shipping_address jsonb, shipping_method text,
  version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE SET NULL (customer_id));
CREATE INDEX cart_open_idx ON cart (store_id, updated_at) WHERE status = 'open';
CREATE INDEX cart_store_id_customer_id_idx ON cart (store_id, customer_id);
SELECT secure_tenant_table('cart');
CREATE TABLE cart_item (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, cart_id uuid NOT NULL, variant_id uuid, bundle_id uuid,
  quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 100000), created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  CHECK (num_nonnulls(variant_id, bundle_id) = 1),
  FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, bundle_id) REFERENCES product_bundle (store_id, id) ON DELETE CASCADE);
CREATE INDEX cart_item_store_id_cart_id_idx ON cart_item (store_id, cart_id, id);
CREATE INDEX cart_item_store_id_variant_id_idx ON cart_item (store_id, variant_id);
CREATE INDEX cart_item_store_id_bundle_id_idx ON cart_item (store_id, bundle_id);
SELECT secure_tenant_table('cart_item');
CREATE TABLE quote (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, cart_id uuid,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'), subtotal_amount bigint NOT NULL CHECK (subtotal_amount >= 0),
  discount_amount bigint NOT NULL CHECK (discount_amount >= 0),
  shipping_amount bigint NOT NULL CHECK (shipping_amount >= 0), tax_amount bigint NOT NULL CHECK (tax_amount >= 0),
  total_amount bigint NOT NULL CHECK (total_amount >= 0), wanted jsonb NOT NULL, trace jsonb NOT NULL,
  priced_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (store_id, id), CHECK (expires_at > priced_at),
  CHECK (subtotal_amount - discount_amount + shipping_amount + tax_amount = total_amount),
  FOREIGN KEY (store_id, cart_id) REFERENCES cart (store_id, id) ON DELETE SET NULL (cart_id));
CREATE INDEX quote_store_id_cart_id_idx ON quote (store_id, cart_id);
CREATE INDEX quote_store_id_expires_at_idx ON quote (store_id, expires_at);
SELECT secure_tenant_table('quote');
"""

ORDERS = """
ALTER TABLE orders ADD COLUMN quote_id uuid, ADD COLUMN prices_include_tax boolean NOT NULL DEFAULT false,
  ADD COLUMN shipping_discount_amount bigint NOT NULL DEFAULT 0,
  ADD COLUMN shipping_tax_amount bigint NOT NULL DEFAULT 0, ADD COLUMN correlation_id uuid;
ALTER TABLE order_items ADD COLUMN bundle_id uuid, ADD COLUMN tax_rate numeric(9, 6),
  ADD COLUMN uncollected_quantity integer NOT NULL DEFAULT 0;
"""

# The table of oltp/orders/states.py; a test compares the two.
STATES = {
    "PENDING": ("PAID", "PAYMENT_FAILED", "PROCESSING", "CANCELED"),
    "PAYMENT_FAILED": ("PENDING", "PAID", "CANCELED"),
    "PAID": ("PROCESSING", "SHIPPED", "CANCELED", "REFUNDED"),
    "PROCESSING": ("SHIPPED", "DELIVERED", "CANCELED", "REFUNDED"),
    "SHIPPED": ("DELIVERED", "CANCELED", "REFUNDED"),
    "DELIVERED": ("REFUNDED",),
    "CANCELED": ("PENDING", "REFUNDED"),
}
PAIRS = ", ".join(f"('{start}', '{end}')" for start, ends in STATES.items() for end in ends)
TRANSITIONS = f"""
CREATE FUNCTION order_may_become(since order_status, until order_status) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT since = until OR (since::text, until::text) IN ({PAIRS}) $$;
CREATE FUNCTION orders_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT order_may_become(OLD.status, NEW.status) THEN
    RAISE EXCEPTION 'an order can''t go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation',
      CONSTRAINT = 'orders_transition', TABLE = 'orders';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER b_transition BEFORE UPDATE OF status ON orders FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION orders_transition();
"""
SETTLED = "uncollected_quantity BETWEEN 0 AND cancelled_quantity " \
    "AND uncollected_quantity + refunded_quantity <= greatest(quantity, 0)"


def upgrade() -> None:
    step(CARTS)
    step(ORDERS)
    add_check("orders", "orders_shipping_parts_check", "shipping_discount_amount >= 0 AND shipping_tax_amount >= 0")
    add_check("order_items", "order_items_uncollected_check", SETTLED)
    add_foreign_key("orders", "store_id, quote_id", "quote (store_id, id) ON DELETE SET NULL (quote_id)")
    # One order a quote, however often and from wherever it is placed.
    index_concurrently("orders_quote_key", "orders (store_id, quote_id) WHERE quote_id IS NOT NULL", unique=True)
    add_foreign_key(
        "order_items", "store_id, bundle_id", "product_bundle (store_id, id) ON DELETE SET NULL (bundle_id)")
    index_concurrently("order_items_store_id_bundle_id_idx",
                       "order_items (store_id, bundle_id) WHERE bundle_id IS NOT NULL")
    step(TRANSITIONS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER b_transition ON orders;
        DROP FUNCTION orders_transition(), order_may_become(order_status, order_status);
        ALTER TABLE order_items DROP COLUMN bundle_id, DROP COLUMN tax_rate, DROP COLUMN uncollected_quantity;
        ALTER TABLE orders DROP COLUMN quote_id, DROP COLUMN prices_include_tax, DROP COLUMN correlation_id,
          DROP COLUMN shipping_discount_amount, DROP COLUMN shipping_tax_amount;
        DROP TABLE quote, cart_item, cart""")
