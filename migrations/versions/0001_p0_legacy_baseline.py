"""The legacy baseline: identity, catalogue, customers, orders, logs, as the platform had them.

Snake-case names and uuid keys stand for the legacy PascalCase and cuid; floats, JSON-in-text and missing
constraints are kept on purpose, because every later step has to start from what really exists.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("main",)
depends_on = None

ENUMS = {
    "role": ("OWNER", "ADMIN", "MEMBER", "VIEWER"),
    "product_status": ("DRAFT", "ACTIVE", "ARCHIVED"),
    "order_status": (
        "PENDING",
        "PAYMENT_FAILED",
        "PAID",
        "PROCESSING",
        "SHIPPED",
        "DELIVERED",
        "CANCELED",
        "REFUNDED",
    ),
    "payment_status": ("PENDING", "AUTHORIZED", "PAID", "FAILED", "REFUNDED", "DISPUTED"),
    "payment_method": ("CREDIT_CARD", "DEBIT_CARD", "MOBILE_BANKING", "BANK_TRANSFER", "CASH_ON_DELIVERY"),
    "payment_gateway": ("STRIPE", "SSLCOMMERZ", "MANUAL"),
    "inventory_status": ("IN_STOCK", "LOW_STOCK", "OUT_OF_STOCK", "DISCONTINUED"),
    "discount_type": ("PERCENTAGE", "FIXED", "FREE_SHIPPING"),
    "subscription_plan": ("FREE", "BASIC", "PRO", "ENTERPRISE"),
    "subscription_status": ("TRIAL", "ACTIVE", "PAST_DUE", "CANCELED", "PAUSED"),
}

IDENTITY = """
CREATE TABLE users (
  id uuid PRIMARY KEY, name text, email text UNIQUE, email_verified timestamp(3), image text,
  password_hash text, created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL);
CREATE TABLE accounts (
  id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  type text NOT NULL, provider text NOT NULL, provider_account_id text NOT NULL, refresh_token text,
  access_token text, expires_at integer, token_type text, scope text, id_token text, session_state text,
  UNIQUE (provider, provider_account_id));
CREATE INDEX accounts_user_id_idx ON accounts (user_id);
CREATE TABLE sessions (
  id uuid PRIMARY KEY, session_token text NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE, expires timestamp(3) NOT NULL);
CREATE TABLE verification_tokens (
  identifier text NOT NULL, token text NOT NULL UNIQUE, expires timestamp(3) NOT NULL,
  UNIQUE (identifier, token));
CREATE TABLE organizations (
  id uuid PRIMARY KEY, name text NOT NULL, slug text NOT NULL UNIQUE, image text,
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL);
CREATE TABLE memberships (
  id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE,
  organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE ON UPDATE CASCADE,
  role role NOT NULL DEFAULT 'MEMBER', created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL, UNIQUE (user_id, organization_id));
CREATE TABLE stores (
  id uuid PRIMARY KEY,
  organization_id uuid NOT NULL UNIQUE REFERENCES organizations ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, slug text NOT NULL UNIQUE, email text NOT NULL, description text, logo text, phone text,
  website text, address text, city text, state text, postal_code text, country text NOT NULL DEFAULT 'US',
  currency text NOT NULL DEFAULT 'USD', timezone text NOT NULL DEFAULT 'UTC', locale text NOT NULL DEFAULT 'en',
  subscription_plan subscription_plan NOT NULL DEFAULT 'FREE',
  subscription_status subscription_status NOT NULL DEFAULT 'TRIAL', trial_ends_at timestamp(3),
  subscription_ends_at timestamp(3), product_limit integer NOT NULL DEFAULT 10,
  order_limit integer NOT NULL DEFAULT 100, created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL, deleted_at timestamp(3));
CREATE INDEX stores_slug_idx ON stores (slug);
CREATE INDEX stores_subscription_plan_idx ON stores (subscription_plan);
CREATE INDEX stores_subscription_status_idx ON stores (subscription_status);
"""

CATALOG = """
CREATE TABLE categories (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, slug text NOT NULL, description text, image text,
  parent_id uuid REFERENCES categories ON DELETE SET NULL ON UPDATE CASCADE, meta_title text,
  meta_description text, is_published boolean NOT NULL DEFAULT true, sort_order integer NOT NULL DEFAULT 0,
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL, deleted_at timestamp(3),
  UNIQUE (store_id, slug));
CREATE INDEX categories_store_id_parent_id_idx ON categories (store_id, parent_id);
CREATE INDEX categories_store_id_is_published_idx ON categories (store_id, is_published);
CREATE INDEX categories_parent_id_sort_order_idx ON categories (parent_id, sort_order);
CREATE TABLE brands (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, slug text NOT NULL, description text, logo text, website text, meta_title text,
  meta_description text, is_published boolean NOT NULL DEFAULT true,
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL, deleted_at timestamp(3),
  UNIQUE (store_id, slug));
CREATE INDEX brands_store_id_is_published_idx ON brands (store_id, is_published);
CREATE TABLE products (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, slug text NOT NULL, sku text NOT NULL, description text, short_description text,
  barcode text, price double precision NOT NULL, compare_at_price double precision,
  cost_price double precision, track_inventory boolean NOT NULL DEFAULT true,
  inventory_qty integer NOT NULL DEFAULT 0, low_stock_threshold integer NOT NULL DEFAULT 5,
  inventory_status inventory_status NOT NULL DEFAULT 'IN_STOCK', weight double precision,
  length double precision, width double precision, height double precision,
  category_id uuid REFERENCES categories ON DELETE SET NULL ON UPDATE CASCADE,
  brand_id uuid REFERENCES brands ON DELETE SET NULL ON UPDATE CASCADE, images text NOT NULL,
  thumbnail_url text, meta_title text, meta_description text, meta_keywords text,
  status product_status NOT NULL DEFAULT 'DRAFT', published_at timestamp(3),
  is_featured boolean NOT NULL DEFAULT false, created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL, deleted_at timestamp(3), UNIQUE (store_id, sku), UNIQUE (store_id, slug));
CREATE INDEX products_store_id_status_idx ON products (store_id, status);
CREATE INDEX products_store_id_category_id_idx ON products (store_id, category_id);
CREATE INDEX products_store_id_brand_id_idx ON products (store_id, brand_id);
CREATE INDEX products_category_id_status_idx ON products (category_id, status);
CREATE INDEX products_brand_id_status_idx ON products (brand_id, status);
CREATE TABLE product_variants (
  id uuid PRIMARY KEY, product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, sku text NOT NULL UNIQUE, barcode text, price double precision,
  compare_at_price double precision, inventory_qty integer NOT NULL DEFAULT 0,
  low_stock_threshold integer NOT NULL DEFAULT 5, weight double precision, image text, options text NOT NULL,
  is_default boolean NOT NULL DEFAULT false, created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL);
CREATE INDEX product_variants_product_id_idx ON product_variants (product_id);
CREATE INDEX product_variants_product_id_is_default_idx ON product_variants (product_id, is_default);
CREATE TABLE product_attributes (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  name text NOT NULL, "values" text NOT NULL, created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL, UNIQUE (store_id, name));
CREATE INDEX product_attributes_store_id_idx ON product_attributes (store_id);
CREATE INDEX product_attributes_name_idx ON product_attributes (name);
CREATE TABLE product_attribute_values (
  id uuid PRIMARY KEY, product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE ON UPDATE CASCADE,
  attribute_id uuid NOT NULL REFERENCES product_attributes ON DELETE CASCADE ON UPDATE CASCADE,
  value text NOT NULL, created_at timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX product_attribute_values_product_id_attribute_id_idx
  ON product_attribute_values (product_id, attribute_id);
"""

SELLING = """
CREATE TABLE customers (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  user_id uuid UNIQUE REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE, email text NOT NULL,
  first_name text NOT NULL, last_name text NOT NULL, phone text,
  accepts_marketing boolean NOT NULL DEFAULT false, marketing_opt_in_at timestamp(3),
  total_orders integer NOT NULL DEFAULT 0, total_spent double precision NOT NULL DEFAULT 0,
  average_order_value double precision NOT NULL DEFAULT 0, last_order_at timestamp(3),
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL, deleted_at timestamp(3),
  UNIQUE (store_id, email));
CREATE INDEX customers_store_id_user_id_idx ON customers (store_id, user_id);
CREATE INDEX customers_store_id_email_idx ON customers (store_id, email);
CREATE TABLE orders (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  customer_id uuid REFERENCES customers ON DELETE SET NULL ON UPDATE CASCADE, order_number text NOT NULL,
  status order_status NOT NULL DEFAULT 'PENDING', subtotal double precision NOT NULL,
  tax_amount double precision NOT NULL DEFAULT 0, shipping_amount double precision NOT NULL DEFAULT 0,
  discount_amount double precision NOT NULL DEFAULT 0, total_amount double precision NOT NULL,
  discount_code text, payment_method payment_method, payment_gateway payment_gateway,
  payment_status payment_status NOT NULL DEFAULT 'PENDING', shipping_method text, tracking_number text,
  tracking_url text, shipping_address text, billing_address text, fulfilled_at timestamp(3),
  canceled_at timestamp(3), cancel_reason text, customer_note text, admin_note text, ip_address text,
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL, deleted_at timestamp(3),
  UNIQUE (store_id, order_number));
CREATE INDEX orders_store_id_customer_id_idx ON orders (store_id, customer_id);
CREATE INDEX orders_store_id_status_idx ON orders (store_id, status);
CREATE INDEX orders_store_id_created_at_idx ON orders (store_id, created_at);
CREATE INDEX orders_order_number_idx ON orders (order_number);
CREATE INDEX orders_payment_status_idx ON orders (payment_status);
CREATE TABLE order_items (
  id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE,
  product_id uuid REFERENCES products ON DELETE SET NULL ON UPDATE CASCADE,
  variant_id uuid REFERENCES product_variants ON DELETE SET NULL ON UPDATE CASCADE,
  product_name text NOT NULL, variant_name text, sku text NOT NULL, image text,
  price double precision NOT NULL, quantity integer NOT NULL, subtotal double precision NOT NULL,
  tax_amount double precision NOT NULL DEFAULT 0, discount_amount double precision NOT NULL DEFAULT 0,
  total_amount double precision NOT NULL, created_at timestamp(3) NOT NULL DEFAULT now(),
  updated_at timestamp(3) NOT NULL);
CREATE INDEX order_items_order_id_idx ON order_items (order_id);
CREATE INDEX order_items_product_id_idx ON order_items (product_id);
"""

LOGS = """
CREATE TABLE reviews (
  id uuid PRIMARY KEY, store_id uuid NOT NULL,
  product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE ON UPDATE CASCADE,
  customer_id uuid REFERENCES customers ON DELETE SET NULL ON UPDATE CASCADE, rating integer NOT NULL,
  title text, comment text NOT NULL, images text, is_approved boolean NOT NULL DEFAULT false,
  approved_at timestamp(3), is_verified_purchase boolean NOT NULL DEFAULT false,
  created_at timestamp(3) NOT NULL DEFAULT now(), updated_at timestamp(3) NOT NULL, deleted_at timestamp(3));
CREATE INDEX reviews_store_id_product_id_idx ON reviews (store_id, product_id);
CREATE INDEX reviews_product_id_is_approved_created_at_idx ON reviews (product_id, is_approved, created_at);
CREATE INDEX reviews_customer_id_created_at_idx ON reviews (customer_id, created_at);
CREATE TABLE inventory_logs (
  id uuid PRIMARY KEY, store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE ON UPDATE CASCADE,
  previous_qty integer NOT NULL, new_qty integer NOT NULL, change_qty integer NOT NULL, reason text NOT NULL,
  note text, user_id uuid REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE,
  created_at timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX inventory_logs_store_id_product_id_created_at_idx
  ON inventory_logs (store_id, product_id, created_at);
CREATE INDEX inventory_logs_product_id_created_at_idx ON inventory_logs (product_id, created_at);
CREATE INDEX inventory_logs_user_id_created_at_idx ON inventory_logs (user_id, created_at);
CREATE TABLE audit_logs (
  id uuid PRIMARY KEY, store_id uuid REFERENCES stores ON DELETE CASCADE ON UPDATE CASCADE,
  user_id uuid REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE, action text NOT NULL,
  entity_type text NOT NULL, entity_id text NOT NULL, changes text, ip_address text, user_agent text,
  created_at timestamp(3) NOT NULL DEFAULT now());
CREATE INDEX audit_logs_store_id_created_at_idx ON audit_logs (store_id, created_at);
CREATE INDEX audit_logs_user_id_created_at_idx ON audit_logs (user_id, created_at);
CREATE INDEX audit_logs_entity_type_entity_id_created_at_idx
  ON audit_logs (entity_type, entity_id, created_at);
"""

TABLES = (
    "audit_logs, inventory_logs, reviews, order_items, orders, customers, product_attribute_values, "
    "product_attributes, product_variants, products, brands, categories, stores, memberships, "
    "organizations, verification_tokens, sessions, accounts, users"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for name, values in ENUMS.items():
        op.execute(f"CREATE TYPE {name} AS ENUM ({', '.join(repr(value) for value in values)})")
    for part in (IDENTITY, CATALOG, SELLING, LOGS):
        op.execute(part)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP TABLE {TABLES}")
    for name in ENUMS:
        op.execute(f"DROP TYPE {name}")
