"""Which profile a product ships by, what carriers tell of a parcel, and the states of parcels and returns in SQL."""

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
ALTER TABLE return_request ADD COLUMN reject_reason text, ADD COLUMN refund_started_at timestamptz;
"""

# The tables of oltp/shipping/states.py and oltp/returns/states.py; a test compares them.
FULFILLMENT = {
    "pending": ("packed", "shipped", "canceled"), "packed": ("shipped", "canceled"), "shipped": ("delivered",)}
RETURN = {
    "requested": ("approved", "rejected"), "approved": ("received", "rejected"), "received": ("inspected",),
    "inspected": ("refunded", "rejected")}
STATES = (("fulfillment", FULFILLMENT), ("return_request", RETURN))


def transitions(table: str, allowed: dict[str, tuple[str, ...]]) -> str:
    """A function that knows the table's transitions, and the trigger that refuses any other."""
    pairs = ", ".join(f"('{start}', '{end}')" for start, ends in allowed.items() for end in ends)
    return f"""
CREATE FUNCTION {table}_may_become(since text, until text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT since = until OR (since, until) IN ({pairs}) $$;
CREATE FUNCTION {table}_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT {table}_may_become(OLD.status, NEW.status) THEN
    RAISE EXCEPTION '{table} can''t go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation',
      CONSTRAINT = '{table}_transition', TABLE = '{table}';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER b_transition BEFORE UPDATE OF status ON {table} FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION {table}_transition();
"""


def upgrade() -> None:
    step(UP)
    for table, allowed in STATES:
        step(transitions(table, allowed))
    step("ALTER TABLE products ADD COLUMN shipping_profile_id uuid")
    add_foreign_key("products", "store_id, shipping_profile_id",
                    "shipping_profile (store_id, id) ON DELETE SET NULL (shipping_profile_id)")
    index_concurrently("products_store_id_shipping_profile_id_idx",
                       "products (store_id, shipping_profile_id) WHERE shipping_profile_id IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, _ in STATES:
        op.execute(f"""DROP TRIGGER b_transition ON {table};
                       DROP FUNCTION {table}_transition(), {table}_may_become(text, text)""")
    op.execute("ALTER TABLE products DROP COLUMN shipping_profile_id; DROP TABLE shipment_event")
    op.execute("ALTER TABLE return_request DROP COLUMN reject_reason, DROP COLUMN refund_started_at")
