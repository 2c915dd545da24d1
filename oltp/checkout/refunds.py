"""Refunds: written down first, then paid out by the gateway, then settled; a crash in between is taken up again.

Repeated with the same id, a refund is the same refund: its row is found, and the gateway knows its key.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.kit.points import reach
from oltp.orders.actions import note_payment, take_order, transition
from oltp.orders.models import Order
from oltp.outbox.actions import record_events
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.errors import RefundNotFound
from oltp.payments.facts import GatewayAnswer, GatewayDown, GatewayTimeout
from oltp.payments.gateway import Gateway, Gateways, GuardedGateway
from oltp.payments.models import PaymentAttempt, PaymentProviderConfig, Refund
from oltp.payments.refund_rows import fail_refund, settle_refund
from oltp.payments.refund_rules import RefundWish
from oltp.payments.refunding import create_refunds
from oltp.payments.rules import step_key
from oltp.shipping.following import follow_order

# Everything captured was given back, and nothing more can come in or go out.
_MONEY = text("""
    SELECT coalesce(sum(captured_amount - charged_back_amount), 0) AS captured,
           coalesce(sum(refunded_amount), 0) AS refunded,
           count(*) FILTER (WHERE status = 'unknown' OR status = 'authorized') AS open_count, count(*) AS attempts
    FROM payment_attempt WHERE store_id = :store AND order_id = :order""")
_REFUNDS = text("""
    SELECT coalesce(sum(amount) FILTER (WHERE status = 'processed'), 0) AS processed,
           count(*) FILTER (WHERE status = 'pending') AS pending
    FROM refund WHERE store_id = :store AND order_id = :order""")
# Units that are neither cancelled, sent, refunded nor never paid: somebody still waits for them.
_UNITS_LEFT = text("""
    SELECT EXISTS (
      SELECT FROM order_items WHERE store_id = :store AND order_id = :order
        AND quantity - cancelled_quantity - fulfilled_quantity > 0
        AND quantity - refunded_quantity - uncollected_quantity > 0)""")
_FLIPPED_FROM = ("PAID", "PROCESSING", "SHIPPED", "DELIVERED")


def refund_order(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, refund_id: UUID, clock: Clock,
    reason: str | None, items: Mapping[UUID, int] | None = None, amount: int | None = None,
    shipping: bool | int = False, restock: bool | Mapping[UUID, int] = False,
) -> Refund:
    """Refund units of lines (line → quantity), shipping (all that is left, or so much), or a plain amount.

    `restock`: the units return to stock once the money is back. No answer from the gateway leaves the refund
    `pending`; it is asked again within minutes. What the gateway declines is `failed`.
    Errors: OrderNotFound, OrderNotPaid, RefundEmpty, RefundLineUnknown, RefundUnitsTooMany, RefundTooLarge,
    ShippingRefundTooLarge, RestockTooMany.
    """
    wish = RefundWish(items or {}, shipping, amount or 0, restock)
    with transactions() as session:
        order = take_order(session, store_id=transactions.store_id, order_id=order_id, is_hidden_too=True)
        known = session.get(Refund, refund_id, populate_existing=True)
        rows = [known] if known is not None else create_refunds(
            session, order=order, wish=wish, refund_id=refund_id, reason=reason, now=clock.now())
        ids = [row.id for row in rows]
    reach("refund.committed")
    for each in ids:
        pay_refund(transactions, gateways=gateways, refund_id=each, clock=clock)
    with transactions() as session:
        return get_refund(session, store_id=transactions.store_id, refund_id=refund_id)


def pay_refund(transactions: Transactions, *, gateways: Gateways, refund_id: UUID, clock: Clock) -> None:
    """Have a pending refund paid out; one that is processed or failed stays so. Errors: RefundNotFound."""
    with transactions() as session:
        refund = get_refund(session, store_id=transactions.store_id, refund_id=refund_id)
        if refund.status != "pending":
            return
        attempt, gateway = _gateway_of(session, refund=refund, gateways=gateways)
        if gateway is None or not gateway.is_outside or attempt is None:
            # A person hands the money back: that it is written down is all there is to it.
            _settle(session, refund=refund, ref=f"manual:{refund.id}", clock=clock)
            return
    try:
        answer = GuardedGateway(gateway, transactions)().refund(
            attempt.external_ref, refund.amount, refund_id=refund.id, currency=refund.currency,
            key=step_key(refund.id, "refund"))
    except (GatewayTimeout, GatewayDown):
        return
    reach("refund.paid_out")
    with transactions() as session:
        _take_answer(session, refund_id=refund_id, store_id=transactions.store_id, answer=answer, clock=clock)
    reach("refund.settled")


def get_refund(session: Session, *, store_id: UUID, refund_id: UUID) -> Refund:
    """Return the refund as the database has it now. Errors: RefundNotFound."""
    refund = session.scalar(
        select(Refund).where(Refund.store_id == store_id, Refund.id == refund_id)
        .execution_options(populate_existing=True))
    if refund is None:
        raise RefundNotFound(refund_id=refund_id)
    return refund


def follow_refunds(session: Session, *, order: Order, clock: Clock) -> None:
    """Let an order under its lock follow its refunds: both statuses are REFUNDED only when all is.

    The money: everything captured (less charge backs) was given back, nothing is promised or pending. The order: no
    unit is still to be sent, either; one that is cancelled stays so.
    """
    # Units that went back on the shelf are not waited for any more: the rest may have been sent.
    follow_order(session, store_id=order.store_id, order_id=order.id, clock=clock)
    values = {"store": order.store_id, "order": order.id}
    money, refunds = session.execute(_MONEY, values).one(), session.execute(_REFUNDS, values).one()
    captured = int(money.captured) if money.attempts else order.order_total_amount
    if money.open_count or refunds.pending or not captured or int(refunds.processed) < captured:
        return
    note_payment(session, order=order, payment_status="REFUNDED", clock=clock)
    if order.status in _FLIPPED_FROM and not session.scalar(_UNITS_LEFT, values):
        transition(session, store_id=order.store_id, order_id=order.id, to="REFUNDED", clock=clock)


def _take_answer(session: Session, *, refund_id: UUID, store_id: UUID, answer: GatewayAnswer, clock: Clock) -> None:
    refund = get_refund(session, store_id=store_id, refund_id=refund_id)
    take_order(session, store_id=store_id, order_id=refund.order_id, is_hidden_too=True)
    session.refresh(refund)
    if answer.outcome == "refunded":
        _settle(session, refund=refund, ref=answer.entry_ref, clock=clock)
    elif answer.outcome == "declined" and refund.status == "pending":
        record_events(session, store_id=store_id, occurred_at=clock.now(),
                      events=fail_refund(session, refund=refund, reason=answer.reason))
        assert refund.payment_attempt_id is not None
        record_entries(session, store_id=store_id, attempt_id=refund.payment_attempt_id, entries=[], clock=clock)


def _settle(session: Session, *, refund: Refund, ref: str, clock: Clock) -> None:
    order = take_order(session, store_id=refund.store_id, order_id=refund.order_id, is_hidden_too=True)
    if refund.payment_attempt_id is not None:
        record_entries(session, store_id=refund.store_id, attempt_id=refund.payment_attempt_id, clock=clock,
                       entries=[NewEntry("refunded", ref, refund.amount, refund_id=refund.id)])
    elif refund.status == "pending":
        record_events(session, store_id=refund.store_id, occurred_at=clock.now(),
                      events=settle_refund(session, refund=refund, external_ref=ref, now=clock.now()))
    session.refresh(order)
    follow_refunds(session, order=order, clock=clock)


def _gateway_of(
    session: Session, *, refund: Refund, gateways: Gateways
) -> tuple[PaymentAttempt | None, Gateway | None]:
    attempt = session.get(PaymentAttempt, refund.payment_attempt_id) if refund.payment_attempt_id else None
    if attempt is None:
        return None, None
    config = session.get(PaymentProviderConfig, attempt.provider_config_id) if attempt.provider_config_id else None
    return attempt, gateways.for_config(config)
