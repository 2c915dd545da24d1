"""What a quantity means, as pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from oltp.inventory.errors import (
    ChangeAmbiguous,
    ChangeMissing,
    DemandInvalid,
    NotEnoughStock,
    ReasonUnknown,
    ReservationTimeInvalid,
    StockBeyondLimit,
    StockMoved,
)

Availability = Literal["in_stock", "low_stock", "out_of_stock"]
ReasonCode = Literal["sale", "return", "manual", "correction", "initial"]
LONGEST_MINUTES = 1440
# What an integer column holds.
LARGEST_STOCK = 2**31 - 1
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)


def availability(
    *, on_hand: int, reserved: int, backorder_limit: int, low_stock_threshold: int, is_tracked: bool
) -> Availability:
    """Return how a level looks to a buyer: what is neither reserved nor beyond the backorder limit.

    Legacy called a negative quantity LOW_STOCK; here it is out of stock unless backorders are allowed.
    """
    if not is_tracked:
        return "in_stock"
    available = on_hand + backorder_limit - reserved
    if available <= 0:
        return "out_of_stock"
    return "low_stock" if available <= low_stock_threshold else "in_stock"


def runs_low(*, before: int, after: int, low_stock_threshold: int, is_tracked: bool) -> bool:
    """Say whether a change from `before` to `after` on hand crosses the threshold downwards."""
    return is_tracked and after <= low_stock_threshold < before


def check_reason(reason_code: str) -> None:
    """Refuse a reason the ledger does not know. Errors: ReasonUnknown."""
    if reason_code not in REASON_CODES:
        raise ReasonUnknown(reason_code=reason_code, known=", ".join(REASON_CODES), field="reason_code")


def check_change(*, delta: int, reason_code: str) -> None:
    """Refuse what the ledger cannot hold. Errors: ChangeMissing, ReasonUnknown."""
    check_reason(reason_code)
    if delta == 0:
        raise ChangeMissing(field="delta")


def sum_demand(lines: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """Return how much of each variant is wanted in all, by variant id in order.

    `lines` are (variant, quantity) of every line and of every part of a bundle: checked line by line, two lines of
    one variant would each find the whole stock.
    """
    total: dict[UUID, int] = {}
    for variant_id, quantity in lines:
        total[variant_id] = total.get(variant_id, 0) + quantity
    return {variant_id: total[variant_id] for variant_id in sorted(total)}


def check_demand(demand: Mapping[UUID, int]) -> None:
    """Refuse an empty demand and quantities below 1. Errors: DemandInvalid."""
    if not demand or min(demand.values()) < 1:
        raise DemandInvalid(field="quantity")


def check_minutes(minutes: int) -> None:
    """Refuse a time a reservation may not hold for. Errors: ReservationTimeInvalid."""
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise ReservationTimeInvalid(field="minutes", longest=LONGEST_MINUTES)


@dataclass(frozen=True)
class LevelState:
    """A level as the rules see it."""

    on_hand: int
    reserved: int
    backorder_limit: int
    is_tracked: bool
    low_stock_threshold: int


def check_either(*, delta: int | None, on_hand: int | None) -> None:
    """Refuse a change that is neither by a delta nor to a number, or both. Errors: ChangeAmbiguous."""
    if (delta is None) == (on_hand is None):
        raise ChangeAmbiguous(field="delta")


def moved_to(
    level: LevelState, *, variant_id: UUID, delta: int | None, on_hand: int | None, expected: int | None,
) -> int:
    """Return what is on hand after a change by `delta` or to `on_hand`; the same rule as adjust_stock()'s statement.

    A tracked level keeps what is reserved, or grows towards it. Errors: StockMoved, NotEnoughStock, StockBeyondLimit.
    """
    if expected is not None and level.on_hand != expected:
        raise StockMoved(variant_id=variant_id, on_hand=level.on_hand, expected=expected, field="expected_on_hand")
    named = "delta" if on_hand is None else "on_hand"
    after = on_hand if on_hand is not None else level.on_hand + (delta or 0)
    if not -LARGEST_STOCK <= after <= LARGEST_STOCK:
        raise StockBeyondLimit(variant_id=variant_id, on_hand=after, field=named)
    if level.is_tracked and after < min(level.on_hand, level.reserved - level.backorder_limit):
        raise NotEnoughStock(variant_id=variant_id, on_hand=level.on_hand, reserved=level.reserved,
                             delta=after - level.on_hand, field=named)
    return after
