"""An expired reservation does not count for readers either, whether or not anybody has swept it away."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

BODY = """
CREATE OR REPLACE FUNCTION product_is_available(store uuid, product uuid) RETURNS boolean LANGUAGE plpgsql STABLE
  AS $$ BEGIN
  IF capability_reached(store, 'inventory', 'read_new') THEN
    RETURN EXISTS (
      SELECT FROM product_variants v JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
      WHERE v.store_id = store AND v.product_id = product AND v.deleted_at IS NULL
        AND (NOT l.is_tracked OR {available} > 0));
  END IF;
  RETURN EXISTS (
    SELECT FROM products p WHERE p.store_id = store AND p.id = product
      AND (NOT p.track_inventory OR p.inventory_qty > 0 OR EXISTS (
        SELECT FROM product_variants v WHERE v.store_id = store AND v.product_id = product AND v.deleted_at IS NULL
          AND v.inventory_qty > 0))); END $$;
"""
STANDS = "l.on_hand::bigint + l.backorder_limit - l.reserved"
# How much of a variant may be promised now: what is there and may be owed, less what is promised and still holds.
AVAILABLE = """
CREATE FUNCTION available_stock(level inventory_level) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN NOT level.is_tracked THEN NULL
    ELSE level.on_hand::bigint + level.backorder_limit - level.reserved + CASE WHEN level.reserved = 0 THEN 0 ELSE
      (SELECT coalesce(sum(r.quantity), 0) FROM stock_reservation r WHERE r.store_id = level.store_id
         AND r.variant_id = level.variant_id AND r.expires_at <= now()) END END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(AVAILABLE)
    op.execute(BODY.format(available="available_stock(l)"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(BODY.format(available=STANDS))
    op.execute("DROP FUNCTION available_stock(inventory_level)")
