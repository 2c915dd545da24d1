"""States of an order, and which may follow which: legacy's table, refused in SQL too (order_may_become)."""

from collections.abc import Mapping

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "PENDING": ("PAID", "PAYMENT_FAILED", "PROCESSING", "CANCELED"),
    "PAYMENT_FAILED": ("PENDING", "PAID", "CANCELED"),
    "PAID": ("PROCESSING", "SHIPPED", "CANCELED", "REFUNDED"),
    "PROCESSING": ("SHIPPED", "DELIVERED", "CANCELED", "REFUNDED"),
    "SHIPPED": ("DELIVERED", "CANCELED", "REFUNDED"),
    "DELIVERED": ("REFUNDED",),
    "CANCELED": ("PENDING", "REFUNDED"),
    "REFUNDED": (),
}
STATUSES = tuple(ALLOWED)
# Waiting for money: the goods are reserved, not sold.
UNPAID = ("PENDING", "PAYMENT_FAILED")
# From here an order, or units of it, can be cancelled. What has been sent comes back as a return.
CANCELLABLE = ("PENDING", "PAYMENT_FAILED", "PAID", "PROCESSING")
# The domain event that a state's beginning is told by. PENDING begins anew: a cancelled order lives again, or a
# customer whose payment failed tries once more.
EVENTS: Mapping[str, str] = {
    "PENDING": "order.updated", "PAID": "order.paid", "PAYMENT_FAILED": "order.payment_failed",
    "PROCESSING": "order.processing", "SHIPPED": "order.shipped", "DELIVERED": "order.delivered",
    "CANCELED": "order.cancelled", "REFUNDED": "order.refunded",
}
# The warehouse reads it beside order.cancelled.
REACTIVATED = "order.reactivated"


def may_become(since: str, until: str) -> bool:
    """Whether an order may go from one state to another; staying is allowed."""
    return since == until or until in ALLOWED[since]


def event_of(since: str, until: str) -> str:
    """Return the name of the event that tells of this step."""
    return REACTIVATED if (since, until) == ("CANCELED", "PENDING") else EVENTS[until]
