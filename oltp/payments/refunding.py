"""Refunds within one transaction, under the order's lock: written down as pending, before money moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from oltp.kit.ids import derived_id, new_id
from oltp.kit.trace import current_trace
from oltp.orders.models import Order
from oltp.orders.queries import get_due, list_items
from oltp.outbox.actions import NewEvent, record_events
from oltp.payments.errors import OrderNotPaid
from oltp.payments.models import PaymentAttempt, Refund, RefundItem
from oltp.payments.refund_rows import refund_facts
from oltp.payments.refund_rules import Line, Part, RefundWish, Shipping, capped, parts_of, restock_of

_SHIPPING = text("""
    SELECT coalesce(sum(i.amount), 0) FROM refund r
    JOIN refund_item i ON i.store_id = r.store_id AND i.refund_id = r.id
    WHERE r.store_id = :store AND r.order_id = :order AND r.status <> 'failed'
      AND (i.kind = 'shipping' OR i.kind = 'tax' AND i.order_item_id IS NULL)""")
# Of refunds whose rows say what they are for.
_FOR_PARTS = text("""
    SELECT coalesce(sum(i.amount), 0) FROM refund r
    JOIN refund_item i ON i.store_id = r.store_id AND i.refund_id = r.id
    WHERE r.store_id = :store AND r.order_id = :order AND r.status <> 'failed' AND i.kind <> 'amount'""")
SURPLUS = "more was paid than is due"
# An order that came from elsewhere has no attempts: what it says of itself is believed.
_PAID = ("PAID", "DISPUTED")


@dataclass(frozen=True)
class Source:
    """Where money can be taken from: an attempt with what is left of it; no attempt for an order from elsewhere."""

    attempt: PaymentAttempt | None
    left: int


def create_refunds(
    session: Session, *, order: Order, wish: RefundWish, refund_id: UUID, reason: str | None, now: datetime,
) -> list[Refund]:
    """Write a refund down as pending, with its rows, and return it; the order is under its lock.

    Where less is left of what was captured than its parts come to, it is for what is left, and `wanted_amount` says
    what it would have been. A plain amount may need several attempts: then one refund for each.
    Errors: those of refund_rules, OrderNotPaid.
    """
    parts = parts_of(wish, lines=_lines(session, order=order), shipping=_shipping(session, order=order))
    is_amount = bool(wish.amount)
    sources = _sources(session, order=order)
    total = sum(part.amount for part in parts)
    if not sources or (total and not sources[0].left):
        raise OrderNotPaid(left=0)
    if all(part.kind == "amount" for part in parts) and sources[0].left < total:
        capped(parts, left=sum(source.left for source in sources), is_amount=True)
        return _spread(session, order=order, sources=sources, total=total, refund_id=refund_id, reason=reason, now=now)
    granted = capped(parts, left=sources[0].left, is_amount=is_amount)
    return [_add(session, order=order, source=sources[0], parts=granted, wanted=total, refund_id=refund_id,
                 reason=reason, now=now, restock=restock_of(wish))]


def refunded_parts(session: Session, *, order: Order) -> int:
    """Return what was given back for units and shipping, in minor units; so much less of the order is to be paid."""
    return int(session.scalar(_FOR_PARTS, {"store": order.store_id, "order": order.id}) or 0)


def return_surplus(session: Session, *, order: Order, kept: int, due: int, now: datetime) -> list[Refund]:
    """Write down as pending what was paid beyond what is due (two attempts came through, or units were cancelled while
    the money for them was on its way); none where there is none. The order is under its lock.

    Such a refund has no rows: it takes nothing back of what was sold.
    """
    surplus = min(kept, kept - (due - refunded_parts(session, order=order)))
    if surplus <= 0:
        return []
    return _spread(session, order=order, sources=_sources(session, order=order), total=surplus, refund_id=new_id(),
                   reason=SURPLUS, now=now, has_rows=False)


def _spread(session: Session, *, order: Order, sources: Sequence[Source], total: int, refund_id: UUID,
            reason: str | None, now: datetime, has_rows: bool = True) -> list[Refund]:
    rows: list[Refund] = []
    for source in sources:
        share = min(total, source.left)
        if share:
            own = refund_id if not rows else derived_id(refund_id, "part", len(rows))
            rows.append(_add(session, order=order, source=source, parts=[Part("amount", share)], wanted=share,
                             refund_id=own, reason=reason, now=now, restock=None, has_rows=has_rows))
        total -= share
    return rows


def _add(session: Session, *, order: Order, source: Source, parts: Sequence[Part], wanted: int, refund_id: UUID,
         reason: str | None, now: datetime, restock: dict[str, int] | None, has_rows: bool = True) -> Refund:
    trace, amount = current_trace(), sum(part.amount for part in parts)
    refund = Refund(
        id=refund_id, store_id=order.store_id, order_id=order.id, currency=order.currency, amount=amount,
        status="pending", reason=reason, created_at=now, restock=restock,
        wanted_amount=wanted if wanted > amount else None,
        payment_attempt_id=source.attempt.id if source.attempt else None,
        correlation_id=trace.correlation_id if trace else order.correlation_id,
        request_id=trace.request_id if trace else None)
    session.add(refund)
    session.flush()
    session.add_all(RefundItem(
        id=new_id(), store_id=order.store_id, refund_id=refund.id, order_id=order.id, kind=part.kind,
        order_item_id=part.order_item_id, quantity=part.quantity, amount=part.amount)
        for part in parts if has_rows)
    session.flush()
    record_events(session, store_id=order.store_id, occurred_at=now, events=[
        NewEvent("refund.created", "refund", refund.id, refund_facts(refund))])
    return refund


def _lines(session: Session, *, order: Order) -> list[Line]:
    return [Line(item.id, item.quantity, item.line_total_amount, item.line_tax_amount,
                 item.refunded_quantity + item.uncollected_quantity)
            for item in list_items(session, store_id=order.store_id, order_id=order.id)]


def _shipping(session: Session, *, order: Order) -> Shipping:
    refunded = session.scalar(_SHIPPING, {"store": order.store_id, "order": order.id})
    total = order.order_shipping_amount + order.shipping_tax_amount
    return Shipping(total, order.shipping_tax_amount, int(refunded or 0))


def _sources(session: Session, *, order: Order) -> list[Source]:
    """Return where the order's money is, the largest first."""
    attempts = session.scalars(
        select(PaymentAttempt).where(PaymentAttempt.store_id == order.store_id, PaymentAttempt.order_id == order.id)
        .execution_options(populate_existing=True)).all()
    if not attempts:
        return [Source(None, _left_elsewhere(session, order=order))] if order.payment_status in _PAID else []
    found = [Source(each, each.captured_amount - each.charged_back_amount - each.refunded_amount) for each in attempts]
    return sorted(found, key=lambda source: (-source.left, source.attempt.id if source.attempt else order.id))


def _left_elsewhere(session: Session, *, order: Order) -> int:
    given = session.scalar(select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.store_id == order.store_id, Refund.order_id == order.id, Refund.status != "failed"))
    return max(0, get_due(session, store_id=order.store_id, order_id=order.id).amount - int(given or 0))
