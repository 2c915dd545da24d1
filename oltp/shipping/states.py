"""States of fulfilments and parcels, and what a carrier's reports make of a parcel, in whatever order they come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

# Refused in SQL too (trigger b_transition). What has left can't be cancelled: it comes back as a return.
FULFILLMENT: Mapping[str, tuple[str, ...]] = {
    "pending": ("packed", "shipped", "canceled"),
    "packed": ("shipped", "canceled"),
    "shipped": ("delivered",),
    "delivered": (),
    "canceled": (),
}
# Of two reports of one moment the later in this list counts as the later.
SHIPMENT = ("label_created", "canceled", "in_transit", "out_for_delivery", "exception", "delivered", "returned")
_MOVING = {"in_transit", "out_for_delivery", "exception", "delivered", "returned"}


def may_become(status: str, wanted: str) -> bool:
    """Whether a fulfilment may go from one state to another one."""
    return wanted in FULFILLMENT[status]


@dataclass(frozen=True)
class Report:
    """What a carrier says of a parcel: a state, and since when."""

    name: str
    occurred_at: datetime


@dataclass(frozen=True)
class Parcel:
    """What the reports come to. The moments are those of the first report that it had left, and of its delivery."""

    status: str
    shipped_at: datetime | None
    delivered_at: datetime | None


def follow(reports: Iterable[Report]) -> Parcel:
    """Return the state that the reports come to: the one that happened last counts.

    Delivered is final, but for a parcel that comes back; returned is final. The result depends on what happened when,
    not on the order or number of times in which it was told.
    """
    status, shipped_at, delivered_at = "label_created", None, None
    for report in sorted(reports, key=lambda each: (each.occurred_at, SHIPMENT.index(each.name))):
        if report.name in _MOVING and shipped_at is None:
            shipped_at = report.occurred_at
        if report.name == "delivered" and delivered_at is None:
            delivered_at = report.occurred_at
        if status == "returned" or (status == "delivered" and report.name != "returned"):
            continue
        status = report.name
    return Parcel(status, shipped_at, delivered_at)
