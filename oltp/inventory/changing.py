"""One change of stock as a person asks for it: by a delta or to a number."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.inventory.actions import adjust_stock, set_stock
from oltp.inventory.models import InventoryAdjustment
from oltp.inventory.rules import check_either


@dataclass(frozen=True)
class WantedChange:
    """A change: by `delta` or to `on_hand`, one of them None; `expected` on hand, None for any."""

    variant_id: UUID
    delta: int | None
    on_hand: int | None
    reason_code: str
    reason_detail: str | None = None
    note: str | None = None
    expected: int | None = None


def change_stock(
    session: Session, *, store_id: UUID, change: WantedChange, user_id: UUID | None = None,
) -> InventoryAdjustment | None:
    """Make the change; None when the level says so already.

    Errors: ChangeAmbiguous, and those of adjust_stock() and set_stock().
    """
    check_either(delta=change.delta, on_hand=change.on_hand)
    if change.delta is not None:
        return adjust_stock(
            session, store_id=store_id, variant_id=change.variant_id, delta=change.delta,
            reason_code=change.reason_code, reason_detail=change.reason_detail, note=change.note,
            expected_on_hand=change.expected, user_id=user_id)
    assert change.on_hand is not None
    return set_stock(
        session, store_id=store_id, variant_id=change.variant_id, on_hand=change.on_hand,
        reason_code=change.reason_code, reason_detail=change.reason_detail, note=change.note,
        expected_on_hand=change.expected, user_id=user_id)
