"""Moving an order by hand, as legacy's status route did; but stock and money move with it, or refuse it.

Who only wants to note that goods have left says so by a fulfilment; the order follows.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from oltp.checkout.cancelling import cancel_order
from oltp.checkout.confirming import read_money
from oltp.checkout.errors import MoneyLeft, MoneyMissing, OrderSent
from oltp.checkout.stock import has_taken, reserve_order, sell_order
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.orders.actions import OrderChanges, change_order, note_payment, take_order, transition
from oltp.orders.errors import TransitionNotAllowed
from oltp.orders.models import Order
from oltp.orders.queries import get_due, get_order
from oltp.orders.states import UNPAID, may_become
from oltp.payments.gateway import Gateways
from oltp.promotions.using import reclaim_promotions
from oltp.tenancy.queries import get_selling_settings

_WAITING = ("PENDING", "PAYMENT_FAILED", "CANCELED")


def move_order(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, to: str, clock: Clock,
    changes: OrderChanges | None = None, reason: str | None = None,
) -> Order:
    """Move an order to another state, or change only what rides along (tracking, note) where it is there already.

    CANCELED gives stock and money back. PAID needs the money; PROCESSING sells the stock; PENDING reserves it again;
    REFUNDED needs all money given back. Errors: OrderNotFound, TransitionNotAllowed, OrderHeld, MoneyMissing,
    MoneyLeft, OrderSent, OutOfStock, PromotionUsedUp, NoteTooLong, and those of refunds.
    """
    store_id = transactions.store_id
    with transactions() as session:
        order = take_order(session, store_id=store_id, order_id=order_id)
        if not may_become(order.status, to):
            raise TransitionNotAllowed(since=order.status, until=to, field="to")
        if changes is not None and changes.fields:
            change_order(session, store_id=store_id, order_id=order_id, changes=changes, clock=clock)
        if to != order.status and to != "CANCELED":
            _move(session, order=order, to=to, clock=clock, reason=reason)
    if to == "CANCELED":
        return cancel_order(transactions, gateways=gateways, order_id=order_id, clock=clock, reason=reason,
                            is_sent_too=True)
    with transactions() as session:
        return get_order(session, store_id=store_id, order_id=order_id)


def _move(session: Session, *, order: Order, to: str, clock: Clock, reason: str | None) -> None:
    store_id, since = order.store_id, order.status
    money = read_money(session, store_id=store_id, order_id=order.id)
    due = get_due(session, store_id=store_id, order_id=order.id).amount
    if to == "PAID" and money.kept < due:
        raise MoneyMissing(missing=due - money.kept, field="to")
    if since == "CANCELED" and to == "PENDING" and has_taken(session, store_id=store_id, order_id=order.id):
        raise OrderSent()
    if to == "REFUNDED" and (money.kept > 0 or money.promised > money.captured):
        raise MoneyLeft(field="to")
    if since in UNPAID and to in ("PAID", "PROCESSING"):
        sell_order(session, store_id=store_id, order_id=order.id)
    transition(session, store_id=store_id, order_id=order.id, to=to, clock=clock, reason=reason)
    if to == "PENDING" and since in _WAITING:
        minutes = get_selling_settings(session, store_id=store_id).reservation_minutes
        reserve_order(session, store_id=store_id, order_id=order.id, minutes=minutes)
    # After the stock, as whoever places an order: else each would wait for what the other has.
    if since == "CANCELED" and to == "PENDING":
        reclaim_promotions(session, store_id=store_id, order_id=order.id)
    if to == "PAID":
        note_payment(session, order=order, payment_status="PAID", clock=clock)
