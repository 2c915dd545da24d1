"""Shipping profiles and rates, fulfilments with shipments, returns.

What is fulfilled, cancelled and returned of a line stands on the line as running totals: concurrent parcels and
returns meet at one row, and its CHECK bounds them.
"""

from alembic import op

from migrations.steps import step, validate

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SHIPPING = """
CREATE TABLE shipping_profile (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200), is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz, UNIQUE (store_id, id));
CREATE UNIQUE INDEX shipping_profile_live_name_key ON shipping_profile (store_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX shipping_profile_one_default_key ON shipping_profile (store_id)
  WHERE is_default AND deleted_at IS NULL;
SELECT secure_tenant_table('shipping_profile');
CREATE TABLE shipping_rate (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  profile_id uuid NOT NULL, name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  country text CHECK (country ~ '^[A-Z]{2}$'), region text,
  basis text NOT NULL DEFAULT 'price' CHECK (basis IN ('weight', 'price', 'quantity')),
  band_from bigint NOT NULL DEFAULT 0 CHECK (band_from >= 0), band_to bigint CHECK (band_to > band_from),
  band int8range GENERATED ALWAYS AS (int8range(band_from, band_to, '[)')) STORED,
  amount bigint NOT NULL CHECK (amount >= 0), currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  least_days smallint CHECK (least_days >= 0), most_days smallint CHECK (most_days >= least_days),
  is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id), CHECK (region IS NULL OR country IS NOT NULL),
  CONSTRAINT shipping_rate_no_overlap UNIQUE NULLS NOT DISTINCT
    (store_id, profile_id, name, country, region, basis, currency, band WITHOUT OVERLAPS),
  FOREIGN KEY (store_id, profile_id) REFERENCES shipping_profile (store_id, id) ON DELETE CASCADE);
SELECT secure_tenant_table('shipping_rate');
"""

LINES = """
ALTER TABLE order_items ADD COLUMN cancelled_quantity integer NOT NULL DEFAULT 0,
  ADD COLUMN fulfilled_quantity integer NOT NULL DEFAULT 0, ADD COLUMN returned_quantity integer NOT NULL DEFAULT 0,
  ADD CONSTRAINT order_items_cancelled_check
    CHECK (cancelled_quantity BETWEEN 0 AND greatest(quantity, 0)) NOT VALID,
  ADD CONSTRAINT order_items_fulfilled_check
    CHECK (fulfilled_quantity BETWEEN 0 AND greatest(quantity, 0) - cancelled_quantity) NOT VALID,
  ADD CONSTRAINT order_items_returned_check CHECK (returned_quantity BETWEEN 0 AND fulfilled_quantity) NOT VALID;
"""
CHECKS = ("order_items_cancelled_check", "order_items_fulfilled_check", "order_items_returned_check")

FULFILMENT = """
CREATE TABLE fulfillment (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  order_id uuid NOT NULL, status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'packed', 'shipped', 'delivered', 'canceled')),
  tracking_number text, carrier text, tracking_url text, shipped_at timestamptz, delivered_at timestamptz,
  correlation_id uuid, request_id text, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id), UNIQUE (store_id, order_id, id),
  CHECK (status NOT IN ('shipped', 'delivered') OR shipped_at IS NOT NULL),
  CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE);
CREATE INDEX fulfillment_store_id_order_id_status_idx ON fulfillment (store_id, order_id, status);
SELECT secure_tenant_table('fulfillment');
CREATE TABLE fulfillment_item (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, fulfillment_id uuid NOT NULL,
  order_id uuid NOT NULL, order_item_id uuid NOT NULL, quantity integer NOT NULL CHECK (quantity > 0),
  UNIQUE (store_id, id), UNIQUE (store_id, fulfillment_id, order_item_id),
  FOREIGN KEY (store_id, order_id, fulfillment_id) REFERENCES fulfillment (store_id, order_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id, order_item_id) REFERENCES order_items (store_id, order_id, id) ON DELETE CASCADE);
CREATE INDEX fulfillment_item_store_id_order_id_order_item_id_idx
  ON fulfillment_item (store_id, order_id, order_item_id);
SELECT secure_tenant_table('fulfillment_item');
CREATE TABLE shipment (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  fulfillment_id uuid NOT NULL, status text NOT NULL DEFAULT 'label_created' CHECK (status IN ('label_created',
    'in_transit', 'out_for_delivery', 'delivered', 'exception', 'returned', 'canceled')),
  carrier text NOT NULL, service text, tracking_number text, tracking_url text, label_url text, external_ref text,
  weight_grams integer CHECK (weight_grams > 0), cost_amount bigint CHECK (cost_amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'), shipped_at timestamptz, delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  CHECK ((cost_amount IS NULL) = (currency IS NULL)),
  FOREIGN KEY (store_id, fulfillment_id) REFERENCES fulfillment (store_id, id) ON DELETE CASCADE);
CREATE UNIQUE INDEX shipment_external_ref_key ON shipment (store_id, carrier, external_ref)
  WHERE external_ref IS NOT NULL;
CREATE INDEX shipment_store_id_fulfillment_id_idx ON shipment (store_id, fulfillment_id);
SELECT secure_tenant_table('shipment');
"""

RETURNS = """
CREATE TABLE return_request (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  order_id uuid NOT NULL, status text NOT NULL DEFAULT 'requested'
    CHECK (status IN ('requested', 'approved', 'received', 'inspected', 'refunded', 'rejected')),
  reason_code text, note text, initiated_by_customer boolean NOT NULL DEFAULT true, refund_id uuid,
  correlation_id uuid, request_id text, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id), UNIQUE (store_id, order_id, id),
  CHECK (refund_id IS NULL OR status = 'refunded'),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id, refund_id) REFERENCES refund (store_id, order_id, id)
    ON DELETE SET NULL (refund_id));
CREATE INDEX return_request_store_id_order_id_status_idx ON return_request (store_id, order_id, status);
SELECT secure_tenant_table('return_request');
CREATE TABLE return_item (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, return_request_id uuid NOT NULL,
  order_id uuid NOT NULL, order_item_id uuid NOT NULL, quantity integer NOT NULL CHECK (quantity > 0),
  condition text NOT NULL DEFAULT 'new' CHECK (condition IN ('new', 'opened', 'damaged')),
  outcome text CHECK (outcome IN ('restock', 'discard')), UNIQUE (store_id, id),
  UNIQUE (store_id, return_request_id, order_item_id),
  FOREIGN KEY (store_id, order_id, return_request_id) REFERENCES return_request (store_id, order_id, id)
    ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id, order_item_id) REFERENCES order_items (store_id, order_id, id) ON DELETE CASCADE);
CREATE INDEX return_item_store_id_order_id_order_item_id_idx ON return_item (store_id, order_id, order_item_id);
SELECT secure_tenant_table('return_item');
"""


def totals(item: str, parent: str, key: str, total: str, void: str) -> str:
    """Triggers that keep `order_items.<total>` = Σ quantity of the items whose parent is not `void`.

    The items of a deleted parent go first, while the parent can still say whether they counted. When a whole store
    goes, its lines go too, and no order of deletion would please every CHECK on the way. Adding an item holds the
    parent: one that becomes void counts the items it sees, and must not miss one that is being added.
    """
    return f"""
CREATE FUNCTION {item}_total() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' AND EXISTS (SELECT FROM stores WHERE id = OLD.store_id) THEN
    PERFORM FROM {parent} WHERE store_id = OLD.store_id AND id = OLD.{key} FOR NO KEY UPDATE;
    UPDATE order_items i SET {total} = {total} - OLD.quantity FROM {parent} p
      WHERE p.store_id = OLD.store_id AND p.id = OLD.{key} AND p.status <> '{void}'
        AND i.store_id = OLD.store_id AND i.id = OLD.order_item_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM FROM {parent} WHERE store_id = NEW.store_id AND id = NEW.{key} FOR NO KEY UPDATE;
    UPDATE order_items i SET {total} = {total} + NEW.quantity FROM {parent} p
      WHERE p.store_id = NEW.store_id AND p.id = NEW.{key} AND p.status <> '{void}'
        AND i.store_id = NEW.store_id AND i.id = NEW.order_item_id;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER total AFTER INSERT OR UPDATE OR DELETE ON {item} FOR EACH ROW EXECUTE FUNCTION {item}_total();
CREATE FUNCTION {parent}_void() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (OLD.status = '{void}') <> (NEW.status = '{void}') THEN
    UPDATE order_items i SET {total} = {total} + CASE WHEN NEW.status = '{void}' THEN -t.quantity ELSE t.quantity END
    FROM (SELECT order_item_id, quantity FROM {item} WHERE store_id = NEW.store_id AND {key} = NEW.id) t
    WHERE i.store_id = NEW.store_id AND i.id = t.order_item_id;
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER void AFTER UPDATE OF status ON {parent} FOR EACH ROW EXECUTE FUNCTION {parent}_void();
CREATE FUNCTION {parent}_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM {item} WHERE store_id = OLD.store_id AND {key} = OLD.id;
  RETURN OLD; END $$;
CREATE TRIGGER items_first BEFORE DELETE ON {parent} FOR EACH ROW EXECUTE FUNCTION {parent}_delete();
"""


TOTALS = (
    ("fulfillment_item", "fulfillment", "fulfillment_id", "fulfilled_quantity", "canceled"),
    ("return_item", "return_request", "return_request_id", "returned_quantity", "rejected"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    step(LINES)
    validate("order_items", *CHECKS)
    for part in (SHIPPING, FULFILMENT, RETURNS):
        step(part)
    for names in TOTALS:
        step(totals(*names))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE return_item, return_request, shipment, fulfillment_item, fulfillment")
    for item, parent, *_ in TOTALS:
        op.execute(f"DROP FUNCTION {item}_total(), {parent}_void(), {parent}_delete()")
    op.execute("""
        DROP TABLE shipping_rate, shipping_profile;
        ALTER TABLE order_items DROP COLUMN returned_quantity, DROP COLUMN fulfilled_quantity,
          DROP COLUMN cancelled_quantity""")
