"""Refusals of checkout."""

from collections.abc import Mapping
from typing import ClassVar

from oltp.kit.errors import Conflict, Invalid


class NothingWanted(Invalid):
    """There is nothing to buy: name at least one item."""


class NotForSale(Invalid):
    """This can't be bought: {what} {entity_id} is gone or not published."""


class CustomerUnknown(Invalid):
    """There is no customer {customer_id}."""


class TotalTooLarge(Invalid):
    """An order comes to at most {most} minor units."""


class ShippingMethodUnknown(Invalid):
    """There is no shipping by {wanted!r} for these goods and this address; there is: {offered}."""


class NotShippable(Invalid):
    """These goods can't be sent to this address, or not for this currency."""


class ExpectedInOtherCurrency(Invalid):
    """The total is in {currency}."""


class QuoteExpired(Conflict):
    """The quote expired at {expired_at}: ask for a new one."""


class QuoteChanged(Conflict):
    """The total has changed since it was quoted ({text}): ask for a new quote, and show it."""

    has_inputs: ClassVar[bool] = False

    def __init__(self, *, difference: Mapping[str, Mapping[str, int]], field: str) -> None:
        text = "; ".join(f"{name}: {each['quoted']} is {each['now']} now" for name, each in difference.items())
        super().__init__(difference=difference, text=text, field=field)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The amounts that differ."""
        difference = self.facts["difference"]
        assert isinstance(difference, Mapping)
        return tuple((name, f"{each['quoted']} was quoted, it is {each['now']} now")
                     for name, each in difference.items())


class PaymentMethodUnknown(Invalid):
    """The store can't be paid this way: {reason}"""


class PaymentUnderWay(Conflict):
    """A payment of this order is under way or done: wait for what comes of it."""


class OrderNotPayable(Conflict):
    """An order that is {status} is not paid for."""


class OrderNotCancellable(Conflict):
    """An order that is {status} can't be cancelled; what was sent comes back as a return."""


class UnitsNotCancellable(Conflict):
    """Only {left} units of the line can still be cancelled."""


class MoneyMissing(Conflict):
    """The order is not paid: {missing} are missing. Record or capture the payment; the order follows it."""


class MoneyLeft(Conflict):
    """Not all of the order's money has been given back yet: refund it; the order follows."""


class OrderSent(Conflict):
    """Goods of the order have left the shelf and not come back: it can't be taken up again, place a new one."""


class OrderPartlySent(Conflict):
    """Pieces of the order are packed or sent: cancel their fulfilment first, or only the others (items/cancel)."""
