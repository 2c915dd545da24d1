"""Billing of subscriptions: one row a period, one order a try, and nobody is charged twice.

A try is claimed in a transaction of its own before money moves: its order's id follows from cycle and try, so whoever
comes after a crash finds what became of it, and whoever comes at the same time finds it claimed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from oltp.checkout.cancellation import replace_order
from oltp.checkout.placing import place_order
from oltp.checkout.wishes import CheckoutWish, PaymentChoice, WishItem
from oltp.db.locking import lock_subscription
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.kit.errors import Refusal
from oltp.kit.ids import derived_id, new_id
from oltp.orders.models import Order
from oltp.orders.queries import find_order, list_items
from oltp.payments.gateway import Gateways
from oltp.subscriptions.actions import end_subscription, record
from oltp.subscriptions.models import Subscription, SubscriptionCycle
from oltp.subscriptions.queries import get_subscription
from oltp.subscriptions.rules import end_of_period, next_try_at
from oltp.tenancy.queries import get_store

# So long nobody else tries; by then a try is over, or its process is dead.
LEASE = timedelta(minutes=10)
# So often somebody asks what became of a payment that nobody knows of.
WAITING = timedelta(hours=1)
BILLED = ("PAID", "PROCESSING", "SHIPPED", "DELIVERED", "REFUNDED")
_LIVE = ("trialing", "active", "past_due")


@dataclass(frozen=True)
class Try:
    """A claimed try to bill a cycle."""

    cycle_id: UUID
    order_id: UUID
    wish: CheckoutWish
    payment: PaymentChoice


def run_subscription(
    transactions: Transactions, *, gateways: Gateways, subscription_id: UUID, clock: Clock
) -> None:
    """Open the cycle of a period that has begun, and try to bill what is due. May run any number of times."""
    with transactions() as session:
        open_cycles(session, store_id=transactions.store_id, subscription_id=subscription_id, clock=clock)
    with transactions() as session:
        claimed = claim_try(session, store_id=transactions.store_id, subscription_id=subscription_id, clock=clock)
    if claimed is None:
        return
    failure: str | None = None
    try:
        place_order(transactions, gateways=gateways, wish=claimed.wish, payment=claimed.payment,
                    operation_id=claimed.order_id, clock=clock)
    except Refusal as refusal:
        failure = refusal.code
    with transactions() as session:
        note_try(session, store_id=transactions.store_id, subscription_id=subscription_id, cycle_id=claimed.cycle_id,
                 failure=failure, clock=clock)


def open_cycles(session: Session, *, store_id: UUID, subscription_id: UUID, clock: Clock) -> None:
    """Open the cycle of the period that has begun. Earlier ones that nobody billed are skipped, not billed at once.

    A subscription that is ending ends here instead.
    """
    found, now = _take(session, store_id=store_id, subscription_id=subscription_id), clock.now()
    if found.status not in _LIVE or found.next_billing_at is None or found.next_billing_at > now:
        return
    if found.is_ending and found.next_billing_at > found.anchored_at:
        end_subscription(session, subscription=found, now=now, reason="period_ended")
        return
    zone = get_store(session, store_id=store_id).timezone
    while found.next_billing_at is not None and found.next_billing_at <= now:
        start = found.next_billing_at
        end = end_of_period(found.anchored_at, zone=zone, unit=found.interval_unit, count=found.interval_count,
                            start=start)
        _open(session, subscription=found, start=start, end=end, is_over=end <= now, now=now)
        found.period_started_at, found.period_ends_at, found.next_billing_at = start, end, end
    found.updated_at = now
    record(session, subscription=found, name="subscription.renewed", now=now)


def _open(session: Session, *, subscription: Subscription, start: datetime, end: datetime, is_over: bool,
          now: datetime) -> None:
    session.execute(insert(SubscriptionCycle).values(
        id=new_id(), store_id=subscription.store_id, subscription_id=subscription.id, period_started_at=start,
        period_ends_at=end, status="skipped" if is_over else "due", next_attempt_at=None if is_over else now,
        created_at=now).on_conflict_do_nothing())


def claim_try(session: Session, *, store_id: UUID, subscription_id: UUID, clock: Clock) -> Try | None:
    """Claim the next try of the subscription's oldest due cycle; None where there is nothing to try now."""
    found, now = _take(session, store_id=store_id, subscription_id=subscription_id), clock.now()
    cycle = session.scalar(select(SubscriptionCycle).where(
        SubscriptionCycle.store_id == store_id, SubscriptionCycle.subscription_id == subscription_id,
        SubscriptionCycle.status == "due", SubscriptionCycle.next_attempt_at <= now).order_by(
        SubscriptionCycle.period_started_at).limit(1).execution_options(populate_existing=True))
    if cycle is None:
        return None
    if cycle.attempt_count and _settle(session, found=found, cycle=cycle, clock=clock):
        return None
    if not cycle.attempt_count or cycle.failure_code is not None:
        cycle.attempt_count += 1
    cycle.failure_code, cycle.next_attempt_at = None, now + LEASE
    customer = found.shipping_address or {}
    wish = CheckoutWish(
        currency=found.currency, items=(WishItem(found.variant_id, None, found.quantity),),
        customer_id=found.customer_id, email=customer.get("email"), shipping_address=found.shipping_address,
        shipping_method=found.shipping_method)
    payment = PaymentChoice(found.payment_method, found.provider_config_id, found.payment_token)
    return Try(cycle.id, _order_id(cycle), wish, payment)


def _settle(session: Session, *, found: Subscription, cycle: SubscriptionCycle, clock: Clock) -> bool:
    """Note what became of the last try meanwhile; true where no other try is to be made now.

    Before another one, the order of the last ends: should its money come late, it goes back.
    """
    known = find_order(session, store_id=cycle.store_id, order_id=_order_id(cycle))
    if known is None:
        return False
    now, order = clock.now(), replace_order(session, store_id=cycle.store_id, order_id=known.id, clock=clock)
    if order.status in BILLED:
        _bill(session, found=found, cycle=cycle, order=order, now=now)
        return True
    if order.status == "PENDING":
        cycle.next_attempt_at = now + WAITING
        return True
    cycle.failure_code = cycle.failure_code or order.status.lower()
    return False


def note_try(session: Session, *, store_id: UUID, subscription_id: UUID, cycle_id: UUID, failure: str | None,
             clock: Clock) -> None:
    """Note what came of a try: billed, not known yet, or failed; then it is tried again, or the subscription ends."""
    found, now = _take(session, store_id=store_id, subscription_id=subscription_id), clock.now()
    cycle = session.get(SubscriptionCycle, cycle_id, populate_existing=True)
    if cycle is None or cycle.status == "billed":
        return
    order = find_order(session, store_id=store_id, order_id=_order_id(cycle))
    if order is not None and order.status in BILLED:
        _bill(session, found=found, cycle=cycle, order=order, now=now)
    elif order is not None and order.status == "PENDING" and failure is None:
        cycle.order_id = order.id
        cycle.next_attempt_at = now + WAITING if cycle.status == "due" else None
    elif cycle.status == "due":
        _fail(session, found=found, cycle=cycle, code=failure or (order.status.lower() if order else "lost"), now=now)


def _bill(session: Session, *, found: Subscription, cycle: SubscriptionCycle, order: Order, now: datetime) -> None:
    cycle.status, cycle.billed_at, cycle.order_id = "billed", now, order.id
    cycle.failure_code = cycle.next_attempt_at = None
    items = list_items(session, store_id=order.store_id, order_id=order.id)
    found.unit_price_amount, found.updated_at = items[0].unit_price_amount, now
    if found.status == "past_due":
        found.status = "active"
    record(session, subscription=found, name="subscription.billed", now=now,
           facts={"cycle_id": str(cycle.id), "order_id": str(order.id)})


def _fail(session: Session, *, found: Subscription, cycle: SubscriptionCycle, code: str, now: datetime) -> None:
    cycle.failure_code, cycle.next_attempt_at = code, next_try_at(cycle.attempt_count, failed_at=now)
    facts = {"cycle_id": str(cycle.id), "failure_code": code, "attempt_count": cycle.attempt_count}
    found.updated_at = now
    if cycle.next_attempt_at is None:
        cycle.status = "failed"
        record(session, subscription=found, name="subscription.payment_failed", now=now, facts=facts)
        end_subscription(session, subscription=found, now=now, reason="not_paid")
        return
    found.status = "past_due"
    record(session, subscription=found, name="subscription.payment_failed", now=now, facts=facts)


def _order_id(cycle: SubscriptionCycle) -> UUID:
    return derived_id(cycle.id, "order", cycle.attempt_count)


def _take(session: Session, *, store_id: UUID, subscription_id: UUID) -> Subscription:
    lock_subscription(session, store_id=store_id, subscription_id=subscription_id)
    return get_subscription(session, store_id=store_id, subscription_id=subscription_id)
