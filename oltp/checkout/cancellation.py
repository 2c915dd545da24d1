"""The cancelling of a whole order within one transaction: stock, promotions, state. Money follows after it."""

from uuid import UUID

from sqlalchemy.orm import Session

from oltp.checkout.stock import give_back, open_demand
from oltp.kit.clock import Clock
from oltp.orders.actions import take_order, transition
from oltp.orders.models import Order
from oltp.promotions.using import release_promotions
from oltp.shipping.fulfilling import unpack_order

# Reasons that are ours; a person's are his own words.
CANCELLED_UNPAID = "not paid in time"
NOTHING_LEFT = "sold out before the payment came"
DEFAULT = "Order canceled"
REPLACED = "another order was placed instead"


def cancel(session: Session, *, order: Order, reason: str, clock: Clock) -> None:
    """Cancel an order under its lock: what was not sent goes back to stock, also what was packed, and promotions get
    their uses back.

    Errors: TransitionNotAllowed.
    """
    store_id, order_id = order.store_id, order.id
    unpack_order(session, store_id=store_id, order_id=order_id, clock=clock)
    # All of an order that is SHIPPED has left, whether or not there is a record of how.
    has_left = order.status == "SHIPPED"
    units = {} if has_left else open_demand(session, store_id=store_id, order_id=order_id)
    transition(session, store_id=store_id, order_id=order_id, to="CANCELED", clock=clock, reason=reason,
               facts={"reason": reason})
    give_back(session, store_id=store_id, order_id=order_id, units=units, detail="order_cancelled")
    release_promotions(session, store_id=store_id, order_id=order_id)


def replace_order(session: Session, *, store_id: UUID, order_id: UUID, clock: Clock) -> Order:
    """Return an order under its lock. One that waits for money ends, since another one is to be placed instead; money
    that still comes for it goes back. One that has its money stays. Errors: OrderNotFound.
    """
    order = take_order(session, store_id=store_id, order_id=order_id, is_hidden_too=True)
    if order.status == "PAYMENT_FAILED":
        cancel(session, order=order, reason=REPLACED, clock=clock)
    elif order.status == "CANCELED" and order.cancel_reason == CANCELLED_UNPAID:
        order.cancel_reason = REPLACED
        session.flush()
    return order
