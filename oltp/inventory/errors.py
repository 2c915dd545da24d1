"""Refusals of inventory."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class LevelNotFound(NotFound):
    """There is no stock level of variant {variant_id}."""


class StockMoved(Conflict):
    """The stock of variant {variant_id} is {on_hand} now, not {expected}."""


class NotEnoughStock(Conflict):
    """Variant {variant_id} has {on_hand} on hand and {reserved} reserved: it cannot change by {delta}."""


class StockStillLegacy(Conflict):
    """This store's stock is led by the legacy columns (inventory stands at {step}); it is changed here from dual on."""


class ReasonUnknown(Invalid):
    """There is no reason '{reason_code}'; there are: {known}."""


class ChangeMissing(Invalid):
    """A change of stock by 0 is none."""


class OutOfStock(Conflict):
    """There is too little in stock of {named}."""


class DemandInvalid(Invalid):
    """A demand names at least one variant, each with a quantity of 1 or more."""


class ReservationTimeInvalid(Invalid):
    """A reservation holds for 1 to {longest} minutes."""


class NothingReserved(Conflict):
    """Nothing is reserved for order {order_id}, or no longer."""


class AlreadyExtended(Conflict):
    """The reservation of order {order_id} has been extended once already."""


class StockBeyondLimit(Conflict):
    """Variant {variant_id} would have {on_hand} on hand: more than a level can hold."""


class BackorderLimitTooLow(Conflict):
    """Of variant {variant_id} {reserved} are promised and {on_hand} on hand: the limit cannot be {backorder_limit}."""


class ChangeAmbiguous(Invalid):
    """Give either a delta or what is on hand."""


class TooManyRows(Invalid):
    """At most {most} rows at once."""
