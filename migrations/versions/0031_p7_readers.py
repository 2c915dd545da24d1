"""What readers ask of a product, answered from the side that its store reads: is any of it to be had?

PL/pgSQL looks a column up when a statement first runs, so the legacy branch is harmless once its columns are gone.
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

UP = """
CREATE FUNCTION product_is_available(store uuid, product uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
  IF capability_reached(store, 'inventory', 'read_new') THEN
    RETURN EXISTS (
      SELECT FROM product_variants v JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
      WHERE v.store_id = store AND v.product_id = product AND v.deleted_at IS NULL
        AND (NOT l.is_tracked OR l.on_hand::bigint + l.backorder_limit - l.reserved > 0));
  END IF;
  RETURN EXISTS (
    SELECT FROM products p WHERE p.store_id = store AND p.id = product
      AND (NOT p.track_inventory OR p.inventory_qty > 0 OR EXISTS (
        SELECT FROM product_variants v WHERE v.store_id = store AND v.product_id = product AND v.deleted_at IS NULL
          AND v.inventory_qty > 0))); END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION product_is_available(uuid, uuid)")
