"""Paying again: a new attempt on the same order, while it waits for money."""

from uuid import UUID

from sqlalchemy.orm import Session

from oltp.checkout.accounts import Account, find_account
from oltp.checkout.confirming import read_money
from oltp.checkout.errors import OrderNotPayable, PaymentUnderWay
from oltp.checkout.placing import Placed
from oltp.checkout.settling import settle_attempt
from oltp.checkout.stock import reserve_order, sell_order
from oltp.checkout.wishes import PaymentChoice
from oltp.db.transactions import Transactions
from oltp.inventory.errors import AlreadyExtended, NothingReserved
from oltp.inventory.reserving import extend_reservations
from oltp.kit.clock import Clock
from oltp.orders.actions import take_order, transition
from oltp.orders.errors import OrderHeld
from oltp.orders.models import Order
from oltp.orders.queries import get_due, get_order
from oltp.orders.states import UNPAID
from oltp.payments.actions import create_attempt
from oltp.payments.charging import charge_attempt
from oltp.payments.gateway import Gateways
from oltp.tenancy.queries import get_selling_settings


def pay_order(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, payment: PaymentChoice, clock: Clock
) -> Order:
    """Try once more to collect what an order costs; return the order as it stands afterwards.

    Its reservation is made longer, once; one that has run out is made anew, if the stock is still there.
    Errors: OrderNotFound, OrderNotPayable, OrderHeld, PaymentUnderWay, PaymentMethodUnknown, OutOfStock.
    """
    with transactions() as session:
        begun = _begin(session, store_id=transactions.store_id, order_id=order_id, payment=payment, clock=clock)
    if begun.attempt_id is not None:
        charge_attempt(transactions, gateways=gateways, attempt_id=begun.attempt_id, token=payment.token, clock=clock)
        settle_attempt(transactions, gateways=gateways, attempt_id=begun.attempt_id, clock=clock)
    with transactions() as session:
        return get_order(session, store_id=transactions.store_id, order_id=order_id)


def _begin(session: Session, *, store_id: UUID, order_id: UUID, payment: PaymentChoice, clock: Clock) -> Placed:
    order = take_order(session, store_id=store_id, order_id=order_id)
    if order.status not in UNPAID:
        raise OrderNotPayable(status=order.status)
    if order.held_at is not None:
        raise OrderHeld(reason=order.hold_reason)
    money = read_money(session, store_id=store_id, order_id=order_id)
    if money.open_count or money.promised > money.returned:
        raise PaymentUnderWay()
    account = find_account(session, store_id=store_id, choice=payment)
    due = get_due(session, store_id=store_id, order_id=order_id).amount
    attempt = create_attempt(
        session, store_id=store_id, order_id=order_id, provider_config_id=account.config_id, gateway=account.gateway,
        method=payment.method, amount=due, currency=order.currency)
    _prepare(session, order=order, account=account, payment=payment, clock=clock)
    return Placed(order, None if account.is_manual else attempt.id)


def _prepare(session: Session, *, order: Order, account: Account, payment: PaymentChoice, clock: Clock) -> None:
    """Let the order wait for this payment; where a person takes the money, it goes on at once, its stock sold."""
    order.payment_method, order.payment_gateway, order.payment_status = payment.method, account.gateway, "PENDING"
    session.flush()
    transition(session, store_id=order.store_id, order_id=order.id, to="PENDING", clock=clock)
    if account.is_manual:
        sell_order(session, store_id=order.store_id, order_id=order.id)
        transition(session, store_id=order.store_id, order_id=order.id, to="PROCESSING", clock=clock)
        return
    minutes = get_selling_settings(session, store_id=order.store_id).reservation_minutes
    try:
        extend_reservations(session, store_id=order.store_id, order_id=order.id, minutes=minutes)
    except AlreadyExtended:
        return
    except NothingReserved:
        reserve_order(session, store_id=order.store_id, order_id=order.id, minutes=minutes)
