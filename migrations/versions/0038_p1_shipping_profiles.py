"""Which profile a product ships by, and what carriers tell of a parcel."""

from alembic import op

from migrations.steps import add_foreign_key, index_concurrently, step

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE shipment_event (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, shipment_id uuid NOT NULL, name text NOT NULL
    CHECK (name IN ('label_created', 'in_transit', 'out_for_delivery', 'delivered', 'exception', 'returned',
      'canceled')),
  external_ref text NOT NULL CHECK (length(external_ref) BETWEEN 1 AND 255), body jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE (store_id, shipment_id, external_ref),
  FOREIGN KEY (store_id, shipment_id) REFERENCES shipment (store_id, id) ON DELETE CASCADE);
SELECT secure_tenant_table('shipment_event');
"""


def upgrade() -> None:
    step(UP)
    step("ALTER TABLE products ADD COLUMN shipping_profile_id uuid")
    add_foreign_key("products", "store_id, shipping_profile_id",
                    "shipping_profile (store_id, id) ON DELETE SET NULL (shipping_profile_id)")
    index_concurrently("products_store_id_shipping_profile_id_idx",
                       "products (store_id, shipping_profile_id) WHERE shipping_profile_id IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE products DROP COLUMN shipping_profile_id; DROP TABLE shipment_event")
