"""Refusals of returns."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class ReturnNotFound(NotFound):
    """There is no return {return_id}."""


class ReturnMoved(Conflict):
    """A return that is {status} can't become {wanted}."""


class NothingToReturn(Invalid):
    """Name at least one line that comes back."""


class ReturnedLineUnknown(Invalid):
    """The order has no line {order_item_id}."""


class MoreThanSent(Conflict):
    """Only {left} of the line's units have been sent and not come back, {wanted} are named."""


class ReturnReasonUnknown(Invalid):
    """A return's reason is one of {allowed}."""


class InspectionMissing(Invalid):
    """Every item of the return is inspected; {item_id} is missing."""


class InspectedItemUnknown(Invalid):
    """The return has no item {item_id}."""


class InspectionInvalid(Invalid):
    """It is not one of {allowed}."""


class ReturnRefundPending(Conflict):
    """The money is on its way back, but the gateway has not confirmed it; the return follows when it does."""


class ReturnRefundFailed(Conflict):
    """The gateway refused the refund: reject the return, or refund the order's units in another way and repeat this."""
