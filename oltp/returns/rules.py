"""Rules of returns: reasons, and what becomes of goods in which condition. No session, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from oltp.kit.ids import derived_id
from oltp.returns.errors import (
    InspectedItemUnknown,
    InspectionInvalid,
    InspectionMissing,
    MoreThanSent,
    NothingToReturn,
    ReturnedLineUnknown,
    ReturnReasonUnknown,
)

Reason = Literal["no_longer_wanted", "wrong_item", "not_as_described", "damaged", "defective", "other"]
REASONS: tuple[Reason, ...] = (
    "no_longer_wanted", "wrong_item", "not_as_described", "damaged", "defective", "other")
Condition = Literal["new", "opened", "damaged"]
Outcome = Literal["restock", "discard"]
# What becomes of goods unless the inspector says otherwise: only what nobody has opened can be sold as new.
OUTCOMES: Mapping[str, Outcome] = {"new": "restock", "opened": "discard", "damaged": "discard"}


@dataclass(frozen=True)
class Inspection:
    """What an inspector found; `outcome` None: what follows from the condition."""

    condition: str
    outcome: str | None = None


def check_reason(reason: str | None) -> None:
    """Errors: ReturnReasonUnknown."""
    if reason is not None and reason not in REASONS:
        raise ReturnReasonUnknown(allowed=", ".join(REASONS), field="reason_code")


def check_quantities(wanted: Mapping[UUID, int], *, left: Mapping[UUID, int]) -> None:
    """Refuse more than was sent and has not come back. Fields count the lines as they were given.

    Errors: NothingToReturn, ReturnedLineUnknown, MoreThanSent.
    """
    if not wanted:
        raise NothingToReturn(field="items")
    for index, (line, quantity) in enumerate(wanted.items()):
        if line not in left:
            raise ReturnedLineUnknown(order_item_id=line, field=f"items.{index}.order_item_id")
        if not 0 < quantity <= left[line]:
            raise MoreThanSent(left=left[line], wanted=quantity, field=f"items.{index}.quantity")


def decide(items: Sequence[UUID], found: Mapping[UUID, Inspection]) -> dict[UUID, tuple[str, str]]:
    """Return item → (condition, outcome) for every item of a return.

    Errors: InspectedItemUnknown, InspectionMissing, InspectionInvalid.
    """
    for index, (item, inspection) in enumerate(found.items()):
        if item not in items:
            raise InspectedItemUnknown(item_id=item, field=f"items.{index}.item_id")
        for name, value, allowed in (("condition", inspection.condition, tuple(OUTCOMES)),
                                     ("outcome", inspection.outcome, ("restock", "discard", None))):
            if value not in allowed:
                named = ", ".join(each for each in allowed if each)
                raise InspectionInvalid(allowed=named, field=f"items.{index}.{name}")
    missing = next((item for item in items if item not in found), None)
    if missing is not None:
        raise InspectionMissing(item_id=missing, field="items")
    return {item: (each.condition, each.outcome or OUTCOMES[each.condition]) for item, each in found.items()}


def refund_id_of(return_id: UUID) -> UUID:
    """Return the id of the return's one refund: a second try, after a crash or beside the first, finds it by that."""
    return derived_id(return_id, "refund")
