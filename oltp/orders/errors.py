"""Refusals of orders."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    """There is no order {order_id}."""


class OrderItemNotFound(NotFound):
    """The order has no line {order_item_id}."""


class TransitionNotAllowed(Invalid):
    """An order can't go from {since} to {until}."""


class OrderHeld(Conflict):
    """The order is on hold ({reason}): release it first."""


class HoldReasonMissing(Invalid):
    """A hold needs a reason of 1 to 500 characters."""


class NoteTooLong(Invalid):
    """{field} takes at most {most} characters."""


class OrderNotDeletable(Conflict):
    """Only an order that is PENDING or CANCELED can be deleted, not one that is {status}: cancel it first."""


class AddressFixed(Conflict):
    """The address of an order that is {status} is where it went: it can't be changed any more."""
