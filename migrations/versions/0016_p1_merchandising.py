"""Images in rows instead of JSON, collections, and bundles. Nothing that exists is touched."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Positions are settled at commit, so that a reorder may pass through equal ones.
IMAGES = """
CREATE TABLE product_image (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  product_id uuid NOT NULL, variant_id uuid, url text NOT NULL CHECK (length(url) BETWEEN 1 AND 4000),
  alt text CHECK (length(alt) <= 1000), position integer NOT NULL DEFAULT 0 CHECK (position >= 0),
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE (store_id, product_id, position) DEFERRABLE INITIALLY DEFERRED,
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id) ON DELETE SET NULL (variant_id));
CREATE INDEX product_image_store_id_variant_id_idx ON product_image (store_id, variant_id);
SELECT secure_tenant_table('product_image');
"""

COLLECTIONS = """
CREATE TABLE collection (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'), description text, image_url text,
  kind text NOT NULL DEFAULT 'manual' CHECK (kind IN ('manual', 'rule')), rule jsonb,
  is_published boolean NOT NULL DEFAULT true, position integer NOT NULL DEFAULT 0, meta_title text,
  meta_description text, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, UNIQUE (store_id, id), CHECK ((kind = 'rule') = (rule IS NOT NULL)));
CREATE UNIQUE INDEX collection_live_slug_key ON collection (store_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX collection_store_id_position_id_idx ON collection (store_id, position, id) WHERE deleted_at IS NULL;
SELECT secure_tenant_table('collection');
CREATE TABLE collection_product (
  store_id uuid NOT NULL, collection_id uuid NOT NULL, product_id uuid NOT NULL,
  position integer NOT NULL DEFAULT 0 CHECK (position >= 0), added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, collection_id, product_id),
  FOREIGN KEY (store_id, collection_id) REFERENCES collection (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE);
CREATE INDEX collection_product_store_id_collection_id_position_product_id_idx
  ON collection_product (store_id, collection_id, position, product_id);
CREATE INDEX collection_product_store_id_product_id_idx ON collection_product (store_id, product_id);
SELECT secure_tenant_table('collection_product');
"""

BUNDLES = """
CREATE TABLE product_bundle (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'), description text,
  pricing text NOT NULL DEFAULT 'sum' CHECK (pricing IN ('sum', 'fixed', 'percent')),
  amount bigint CHECK (amount >= 0), currency text CHECK (currency ~ '^[A-Z]{3}$'),
  discount_percent numeric(6, 3) CHECK (discount_percent > 0 AND discount_percent <= 100),
  is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (store_id, id),
  CHECK ((pricing = 'fixed') = (amount IS NOT NULL)), CHECK ((amount IS NULL) = (currency IS NULL)),
  CHECK ((pricing = 'percent') = (discount_percent IS NOT NULL)));
CREATE UNIQUE INDEX product_bundle_live_slug_key ON product_bundle (store_id, slug) WHERE deleted_at IS NULL;
SELECT secure_tenant_table('product_bundle');
CREATE TABLE bundle_item (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, bundle_id uuid NOT NULL, variant_id uuid NOT NULL,
  quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0), position integer NOT NULL DEFAULT 0,
  UNIQUE (store_id, id), UNIQUE (store_id, bundle_id, variant_id),
  FOREIGN KEY (store_id, bundle_id) REFERENCES product_bundle (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, variant_id) REFERENCES product_variants (store_id, id) ON DELETE CASCADE);
CREATE INDEX bundle_item_store_id_variant_id_idx ON bundle_item (store_id, variant_id);
SELECT secure_tenant_table('bundle_item');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for part in (IMAGES, COLLECTIONS, BUNDLES):
        op.execute(part)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE bundle_item, product_bundle, collection_product, collection, product_image")
