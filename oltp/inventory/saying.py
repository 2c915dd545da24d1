"""What is said when stock moves: that it did, and once more where it crosses a line that somebody waits at."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from oltp.inventory.rules import runs_low
from oltp.outbox.actions import NewEvent


@dataclass(frozen=True)
class Movement:
    """A ledger row and its level before and after it."""

    variant_id: UUID
    adjustment_id: UUID
    before: int
    on_hand: int
    backorder_limit: int
    low_stock_threshold: int
    is_tracked: bool
    reason_code: str
    order_id: UUID | None = None


def movement_events(moved: Movement) -> list[NewEvent]:
    """Return the events of one movement: inventory.adjusted, and where it is so low_stock, sold_out, back_in_stock.

    Sold out is what has nothing on the shelf that may be sold or owed; promises to buyers don't count.
    """
    payload: dict[str, Any] = {
        "variant_id": str(moved.variant_id), "adjustment_id": str(moved.adjustment_id),
        "delta": moved.on_hand - moved.before, "on_hand": moved.on_hand, "reason_code": moved.reason_code,
        "order_id": None if moved.order_id is None else str(moved.order_id)}
    names = ["inventory.adjusted"]
    if moved.is_tracked:
        was, there_is = moved.before + moved.backorder_limit > 0, moved.on_hand + moved.backorder_limit > 0
        names += [] if was == there_is else ["inventory.back_in_stock" if there_is else "inventory.sold_out"]
    events = [NewEvent(name, "variant", moved.variant_id, payload) for name in names]
    if runs_low(before=moved.before, after=moved.on_hand, low_stock_threshold=moved.low_stock_threshold,
                is_tracked=moved.is_tracked):
        low = {**payload, "low_stock_threshold": moved.low_stock_threshold}
        events.append(NewEvent("inventory.low_stock", "variant", moved.variant_id, low))
    return events
