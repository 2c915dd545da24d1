"""What a quantity means, as pure rules."""

from typing import Literal, get_args

from oltp.inventory.errors import ChangeMissing, ReasonUnknown

Availability = Literal["in_stock", "low_stock", "out_of_stock"]
ReasonCode = Literal["sale", "return", "manual", "correction", "initial"]
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
