"""What comes of a payment: the one place where money moves an order on.

The client, the gateway's callback and the reconciler call it, each as often as it likes; whoever is second finds the
order where the first one put it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.cancellation import CANCELLED_UNPAID, NOTHING_LEFT, cancel
from oltp.checkout.stock import sell_order
from oltp.inventory.errors import OutOfStock
from oltp.kit.clock import Clock
from oltp.kit.points import reach
from oltp.orders.actions import note_payment, take_order, transition
from oltp.orders.models import Order
from oltp.orders.queries import get_due
from oltp.orders.states import UNPAID
from oltp.payments.errors import AttemptNotFound
from oltp.payments.refunding import refunded_parts, return_surplus
from oltp.promotions.errors import PromotionUsedUp
from oltp.promotions.using import reclaim_promotions

_OF = text("SELECT order_id FROM payment_attempt WHERE store_id = :store AND id = :attempt")
_BALANCES = text("""
    SELECT count(*) FILTER (WHERE status IN ('created', 'unknown')) AS open_count,
           coalesce(sum(authorized_amount) FILTER (WHERE status <> 'voided'), 0) AS authorized,
           coalesce(sum(captured_amount), 0) AS captured,
           coalesce(sum(refunded_amount + charged_back_amount), 0) AS returned, count(*) AS attempts,
           (array_agg(status ORDER BY created_at DESC, id DESC))[1] IN ('failed', 'voided') AS has_failed
    FROM payment_attempt WHERE store_id = :store AND order_id = :order""")


@dataclass(frozen=True)
class Money:
    """What all attempts of an order come to, in minor units. `promised` is authorized or captured.

    `has_failed`: the last attempt came to nothing. An order from elsewhere has no attempts.
    """

    has_failed: bool
    open_count: int
    promised: int
    captured: int
    returned: int
    attempts: int = 0

    @property
    def kept(self) -> int:
        """What was captured and not given back."""
        return self.captured - self.returned

    @property
    def standing(self) -> int:
        """What is promised or captured, and was not given back."""
        return self.promised - self.returned


@dataclass(frozen=True)
class Confirmed:
    """The order as the payment left it. `needs_refund`: the money is there, but the order will not be sent.

    `surplus`: refunds that were written down and are to be paid out, since more was paid than is due.
    """

    order: Order
    needs_refund: bool = False
    surplus: tuple[UUID, ...] = ()


def read_money(session: Session, *, store_id: UUID, order_id: UUID) -> Money:
    """Return what the order's attempts come to."""
    row = session.execute(_BALANCES, {"store": store_id, "order": order_id}).one()
    return Money(bool(row.has_failed), row.open_count, max(int(row.authorized), int(row.captured)), int(row.captured),
                 int(row.returned), row.attempts)


def confirm_payment(session: Session, *, store_id: UUID, attempt_id: UUID, clock: Clock) -> Confirmed:
    """Move the attempt's order on to where its money says; called again, nothing changes.

    Captured in full: the stock is sold, the order PAID. Authorized: sold too, and PROCESSING. Failed: PAYMENT_FAILED,
    where no other attempt is open. Unknown: PENDING. Money for an order that was cancelled because it was not paid
    brings it back, if all its stock is still there; any other money without goods needs a refund. Whatever comes in
    beyond what is due is written down to be given back. Errors: AttemptNotFound.
    """
    order_id = session.scalar(_OF, {"store": store_id, "attempt": attempt_id})
    if order_id is None:
        raise AttemptNotFound(attempt_id=attempt_id)
    order = take_order(session, store_id=store_id, order_id=order_id, is_hidden_too=True)
    money = read_money(session, store_id=store_id, order_id=order_id)
    due = get_due(session, store_id=store_id, order_id=order_id).amount
    if order.status == "CANCELED":
        found = _late(session, order=order, money=money, due=due, clock=clock)
    elif order.status in UNPAID:
        # Units may have been refunded before the order heard of their money.
        less = refunded_parts(session, order=order) if money.returned else 0
        found = _decide(session, order=order, money=money, due=due - less, clock=clock)
    else:
        _note(session, order=order, money=money, due=due, clock=clock)
        found = Confirmed(order)
    if found.needs_refund or money.kept <= (0 if money.returned else due):
        return found
    surplus = return_surplus(session, order=order, kept=money.kept, due=due, now=clock.now())
    return replace(found, surplus=tuple(refund.id for refund in surplus))


def _decide(session: Session, *, order: Order, money: Money, due: int, clock: Clock) -> Confirmed:
    # What was given back pays for nothing: an order that is taken up again waits for new money.
    if money.standing >= due and money.standing > 0:
        return _sell(session, order=order, money=money, due=due, clock=clock)
    if money.has_failed and not money.open_count and money.standing == 0 and order.status == "PENDING":
        transition(session, store_id=order.store_id, order_id=order.id, to="PAYMENT_FAILED", clock=clock)
        note_payment(session, order=order, payment_status="FAILED", clock=clock)
    return Confirmed(order)


def _sell(session: Session, *, order: Order, money: Money, due: int, clock: Clock) -> Confirmed:
    """Sell the stock of an order that is paid for. Where it is gone by now, the order ends and the money goes back."""
    try:
        with session.begin_nested():
            sell_order(session, store_id=order.store_id, order_id=order.id)
    except OutOfStock:
        cancel(session, order=order, reason=NOTHING_LEFT, clock=clock)
        return Confirmed(order, needs_refund=True)
    reach("confirm.stock_sold")
    is_captured = money.kept >= due
    if not is_captured and order.status == "PAYMENT_FAILED":
        transition(session, store_id=order.store_id, order_id=order.id, to="PENDING", clock=clock)
    transition(session, store_id=order.store_id, order_id=order.id, to="PAID" if is_captured else "PROCESSING",
               clock=clock)
    _note(session, order=order, money=money, due=due, clock=clock)
    return Confirmed(order)


def _late(session: Session, *, order: Order, money: Money, due: int, clock: Clock) -> Confirmed:
    """Money for a cancelled order: it lives again if only the money was missing, and the stock is still there."""
    waits, is_kept_back = money.standing > 0, order.held_at is not None or order.deleted_at is not None
    if not waits or order.cancel_reason != CANCELLED_UNPAID or money.standing < due or is_kept_back:
        return Confirmed(order, needs_refund=waits)
    try:
        with session.begin_nested():
            sell_order(session, store_id=order.store_id, order_id=order.id)
            reclaim_promotions(session, store_id=order.store_id, order_id=order.id)
    except (OutOfStock, PromotionUsedUp):
        return Confirmed(order, needs_refund=True)
    transition(session, store_id=order.store_id, order_id=order.id, to="PENDING", clock=clock)
    transition(session, store_id=order.store_id, order_id=order.id,
               to="PAID" if money.kept >= due else "PROCESSING", clock=clock)
    _note(session, order=order, money=money, due=due, clock=clock)
    return Confirmed(order)


def _note(session: Session, *, order: Order, money: Money, due: int, clock: Clock) -> None:
    """Let the order's payment_status follow the money. What refunds make of it is theirs to say."""
    if order.payment_status in ("REFUNDED", "DISPUTED"):
        return
    # What was refunded since was paid all the same; but not while other money is only promised instead of it.
    is_paid = money.kept >= due or money.captured >= max(due, money.promised)
    status = "PAID" if is_paid else "AUTHORIZED" if money.standing >= due else order.payment_status
    # A promise that was let go of, or has run out, is none.
    is_lost = status == "AUTHORIZED" and money.standing < due
    note_payment(session, order=order, payment_status="PENDING" if is_lost else status, clock=clock)
