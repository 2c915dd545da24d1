"""Settles what a payment came to: the order follows it, and money that has no goods goes back."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.confirming import confirm_payment, read_money
from oltp.checkout.refunds import pay_refund, refund_order
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.kit.ids import derived_id
from oltp.orders.models import Order
from oltp.payments.charging import void_attempt
from oltp.payments.gateway import Gateways

# Promised and not taken: it is let go of. What was taken in part is given back instead.
_AUTHORIZED = text("""
    SELECT id FROM payment_attempt
    WHERE store_id = :store AND order_id = :order AND status = 'authorized' AND captured_amount = 0 ORDER BY id""")


@dataclass(frozen=True)
class MoneyBack:
    """What is to be let go of (attempts), and how much is to be refunded, under which id."""

    authorized: tuple[UUID, ...]
    amount: int
    refund_id: UUID


def settle_attempt(transactions: Transactions, *, gateways: Gateways, attempt_id: UUID, clock: Clock) -> Order:
    """Let the order follow the attempt, and return it; money for an order that will not be sent goes back, and so does
    what was paid twice.

    Errors: AttemptNotFound, and those of refunds.
    """
    with transactions() as session:
        found = confirm_payment(session, store_id=transactions.store_id, attempt_id=attempt_id, clock=clock)
    if found.needs_refund:
        return_money(transactions, gateways=gateways, order_id=found.order.id,
                     reason=found.order.cancel_reason or "cancelled", clock=clock)
    for refund_id in found.surplus:
        pay_refund(transactions, gateways=gateways, refund_id=refund_id, clock=clock)
    return found.order


def return_money(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, reason: str, clock: Clock
) -> None:
    """Give back or let go of all the money of an order. Done again, there is nothing left to do.

    A crash in between leaves the refund pending: repeated, it is the same refund. Errors: those of refunds.
    """
    with transactions() as session:
        back = _money_back(session, store_id=transactions.store_id, order_id=order_id)
    for attempt_id in back.authorized:
        void_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock)
    if back.amount > 0:
        refund_order(transactions, gateways=gateways, order_id=order_id, amount=back.amount, reason=reason,
                     refund_id=back.refund_id, clock=clock)


def _money_back(session: Session, *, store_id: UUID, order_id: UUID) -> MoneyBack:
    money = read_money(session, store_id=store_id, order_id=order_id)
    authorized = tuple(session.scalars(_AUTHORIZED, {"store": store_id, "order": order_id}))
    # What is on its way back counts as returned already. A dispute that is won brings money anew: another refund.
    return MoneyBack(authorized, money.kept, derived_id(order_id, "money back", money.captured, money.kept))
