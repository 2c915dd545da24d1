"""How a variant is stocked: whether it is counted, how much may be owed, and below what it runs low."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_stock, lock_variants
from oltp.inventory.errors import BackorderLimitTooLow
from oltp.inventory.queries import ListedLevel, get_level
from oltp.inventory.settling import lock_all
from oltp.outbox.actions import NewEvent, record_events

# A level that is counted from now on may have sold more than there was: as where legacy did, that stands as a
# shortage, from which nothing is sold. The variant says its threshold, too, for programs that ask there.
_SET = text("""
    UPDATE inventory_level SET backorder_limit = :backorder, is_tracked = :tracked, low_stock_threshold = :low,
      legacy_shortage = CASE WHEN :tracked THEN
        CASE WHEN is_tracked THEN least(legacy_shortage, stock_shortage(on_hand, reserved, :backorder, true))
             ELSE stock_shortage(on_hand, reserved, :backorder, true) END ELSE 0 END, updated_at = now()
    WHERE store_id = :store AND variant_id = :variant
      AND (NOT :tracked OR NOT is_tracked OR reserved <= on_hand::bigint + :backorder + legacy_shortage)
    RETURNING updated_at""")
_SAY = text("""
    UPDATE product_variants SET low_stock_threshold = :low
    WHERE store_id = :store AND id = :variant AND low_stock_threshold <> :low""")


@dataclass(frozen=True)
class LevelChange:
    """What is to be changed; None for what stays."""

    backorder_limit: int | None = None
    low_stock_threshold: int | None = None
    is_tracked: bool | None = None


def change_level(session: Session, *, store_id: UUID, variant_id: UUID, change: LevelChange) -> ListedLevel:
    """Change how a variant is stocked; return its level. Its product's own switch sets it again when it is changed.

    Errors: LevelNotFound, BackorderLimitTooLow, StockStillLegacy.
    """
    # The variant before its level, as whoever writes the variant comes.
    lock_stock(session, store_id=store_id, variant_ids=[variant_id])
    lock_variants(session, store_id=store_id, variant_ids=[variant_id])
    lock_all(session, store_id=store_id, variant_ids=[variant_id])
    level = get_level(session, store_id=store_id, variant_id=variant_id)
    values = {
        "backorder": level.backorder_limit if change.backorder_limit is None else change.backorder_limit,
        "low": level.low_stock_threshold if change.low_stock_threshold is None else change.low_stock_threshold,
        "tracked": level.is_tracked if change.is_tracked is None else change.is_tracked}
    key = {"store": store_id, "variant": variant_id}
    at = session.scalar(_SET, {**key, **values})
    if at is None:
        raise BackorderLimitTooLow(variant_id=variant_id, reserved=level.reserved, on_hand=level.on_hand,
                                   backorder_limit=values["backorder"], field="backorder_limit")
    session.execute(_SAY, {**key, "low": values["low"]})
    said = NewEvent("inventory.level_changed", "variant", variant_id, {
        "variant_id": str(variant_id), "backorder_limit": values["backorder"], "low_stock_threshold": values["low"],
        "is_tracked": values["tracked"]})
    record_events(session, store_id=store_id, events=[said], occurred_at=at)
    return get_level(session, store_id=store_id, variant_id=variant_id)
