"""Cancelling an order, or units of it: what was not sent returns to stock, what was paid to the customer.

A line's units are worth what the line's own total says. No other line is looked at, so none changes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.cancellation import DEFAULT, cancel
from oltp.checkout.confirming import read_money
from oltp.checkout.errors import (
    NothingWanted,
    OrderNotCancellable,
    OrderPartlySent,
    PaymentUnderWay,
    UnitsNotCancellable,
)
from oltp.checkout.refunds import pay_refund
from oltp.checkout.settling import return_money
from oltp.checkout.stock import give_back, reserve_order
from oltp.db.transactions import Transactions
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.points import reach
from oltp.orders.actions import delete_order, facts_of, take_order
from oltp.orders.errors import OrderItemNotFound
from oltp.orders.models import Order, OrderItem
from oltp.orders.queries import get_due, get_order, list_items
from oltp.orders.rules import units_amount
from oltp.orders.states import CANCELLABLE, UNPAID
from oltp.outbox.actions import record_event
from oltp.payments.errors import OrderNotPaid
from oltp.payments.gateway import Gateways
from oltp.payments.models import Refund
from oltp.payments.refund_rules import RefundWish
from oltp.payments.refunding import create_refunds, return_surplus
from oltp.shipping.following import follow_order
from oltp.tenancy.queries import get_selling_settings

_CANCEL = text("""
    UPDATE order_items i SET cancelled_quantity = cancelled_quantity + w.quantity,
      uncollected_quantity = uncollected_quantity + w.uncollected, updated_at = :at
    FROM jsonb_to_recordset(CAST(:units AS jsonb)) AS w (id uuid, quantity integer, uncollected integer)
    WHERE i.store_id = :store AND i.order_id = :order AND i.id = w.id""")
_DONE = text("""
    SELECT name FROM domain_event WHERE store_id = :store AND entity_id = :order
      AND name IN ('order.updated', 'order.items_cancelled') AND payload ->> 'operation_id' = :operation LIMIT 1""")
# Which of them tells of units that were paid for.
_PAID_UNITS = "order.updated"


def cancel_order(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, clock: Clock, reason: str | None = None,
    is_sent_too: bool = False,
) -> Order:
    """Cancel an order that has not been sent; one that is cancelled already stays so. Its money goes back afterwards.

    `is_sent_too`: also one that is SHIPPED, as legacy's status route allows; what is on its way returns to no stock.

    Errors: OrderNotFound, OrderNotCancellable, OrderPartlySent, and those of refunds (it is cancelled by then).
    """
    with transactions() as session:
        order = take_order(session, store_id=transactions.store_id, order_id=order_id)
        if order.status not in (*CANCELLABLE, "CANCELED", *(("SHIPPED",) if is_sent_too else ())):
            raise OrderNotCancellable(status=order.status)
        if order.status != "CANCELED":
            items = list_items(session, store_id=transactions.store_id, order_id=order_id)
            if not is_sent_too and any(item.fulfilled_quantity for item in items):
                raise OrderPartlySent()
            cancel(session, order=order, reason=reason or DEFAULT, clock=clock)
    reach("cancel.committed")
    return_money(transactions, gateways=gateways, order_id=order_id, reason=reason or DEFAULT, clock=clock)
    with transactions() as session:
        return get_order(session, store_id=transactions.store_id, order_id=order_id)


def cancel_items(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, quantities: Mapping[UUID, int],
    operation_id: UUID, clock: Clock, reason: str | None = None,
) -> Order:
    """Cancel units of lines (line → quantity) that have not been sent. All that is left: the order is cancelled.

    What was paid for them is refunded under `operation_id`, which tells a repetition; what was not is not collected.
    Errors: OrderNotFound, OrderNotCancellable, OrderItemNotFound, UnitsNotCancellable, NothingWanted,
    PaymentUnderWay (a payment of the whole amount is on its way), and those of refunds.
    """
    store_id = transactions.store_id
    refunds: list[UUID] = []
    with transactions() as session:
        order = take_order(session, store_id=store_id, order_id=order_id)
        done = _find_done(session, order=order, operation_id=operation_id)
        is_rest = done is None and _check(session, order=order, quantities=quantities)
        if not is_rest:
            is_paid = _is_paid(session, order=order) if done is None else done == _PAID_UNITS
            if done is None:
                _cancel_units(session, order=order, quantities=quantities, is_paid=is_paid, clock=clock,
                              operation_id=operation_id)
            # Together with the units: a crash would else keep their money.
            refunds = _refund_units(session, order=order, quantities=quantities if is_paid else {}, reason=reason,
                                    operation_id=operation_id, clock=clock)
    if is_rest:
        return cancel_order(transactions, gateways=gateways, order_id=order_id, clock=clock, reason=reason)
    for each in refunds:
        pay_refund(transactions, gateways=gateways, refund_id=each, clock=clock)
    with transactions() as session:
        return get_order(session, store_id=store_id, order_id=order_id)


def _find_done(session: Session, *, order: Order, operation_id: UUID) -> str | None:
    """Return the event that tells that the units were cancelled before; then only the money may still be missing."""
    values = {"store": order.store_id, "order": order.id, "operation": str(operation_id)}
    name: str | None = session.scalar(_DONE, values)
    return name


def _is_paid(session: Session, *, order: Order) -> bool:
    """Whether all that is due was collected, so that units' money goes back; else so much less is collected."""
    money = read_money(session, store_id=order.store_id, order_id=order.id)
    if money.attempts == 0:
        return order.payment_status == "PAID" and order.order_total_amount > 0
    return 0 < get_due(session, store_id=order.store_id, order_id=order.id).amount <= money.captured


def _refund_units(
    session: Session, *, order: Order, quantities: Mapping[UUID, int], reason: str | None, operation_id: UUID,
    clock: Clock,
) -> list[UUID]:
    """Write down what goes back for units that were paid for (`quantities`); return the refunds that are to be paid.

    What was collected in part, and is more than what is due without the units, goes back too.
    """
    known = session.get(Refund, operation_id, populate_existing=True)
    if known is not None:
        return [known.id]
    if not quantities:
        money = read_money(session, store_id=order.store_id, order_id=order.id)
        due = get_due(session, store_id=order.store_id, order_id=order.id).amount
        rows = return_surplus(session, order=order, kept=money.kept, due=due, now=clock.now())
        return [row.id for row in rows]
    try:
        rows = create_refunds(session, order=order, wish=RefundWish(quantities), refund_id=operation_id,
                              reason=reason or DEFAULT, now=clock.now())
    except OrderNotPaid:
        # All of it went back before.
        return []
    return [row.id for row in rows]


def _check(session: Session, *, order: Order, quantities: Mapping[UUID, int]) -> bool:
    """Return whether nothing would be left of the order, which is under its lock."""
    if order.status not in CANCELLABLE:
        raise OrderNotCancellable(status=order.status)
    if order.status in UNPAID and read_money(session, store_id=order.store_id, order_id=order.id).open_count:
        raise PaymentUnderWay()
    if not quantities:
        raise NothingWanted(field="items")
    items = {item.id: item for item in list_items(session, store_id=order.store_id, order_id=order.id)}
    for index, (key, quantity) in enumerate(quantities.items()):
        if key not in items:
            raise OrderItemNotFound(order_item_id=key, field=f"items.{index}.order_item_id")
        left = _left(items[key])
        if not 1 <= quantity <= left:
            raise UnitsNotCancellable(left=left, field=f"items.{index}.quantity")
    remaining = sum(max(item.quantity, 0) - item.cancelled_quantity for item in items.values())
    return remaining == sum(quantities.values())


def _left(item: OrderItem) -> int:
    return max(item.quantity, 0) - item.cancelled_quantity - item.fulfilled_quantity


def _cancel_units(
    session: Session, *, order: Order, quantities: Mapping[UUID, int], is_paid: bool, clock: Clock, operation_id: UUID,
) -> None:
    store_id, now = order.store_id, clock.now()
    items = {item.id: item for item in list_items(session, store_id=store_id, order_id=order.id)}
    said = [_told(items[key], quantity) for key, quantity in quantities.items()]
    session.execute(_CANCEL, {"store": store_id, "order": order.id, "at": now, "units": json.dumps([
        {"id": str(key), "quantity": quantity, "uncollected": 0 if is_paid else quantity}
        for key, quantity in quantities.items()])})
    if order.status in UNPAID:
        minutes = get_selling_settings(session, store_id=store_id).reservation_minutes
        reserve_order(session, store_id=store_id, order_id=order.id, minutes=minutes)
    else:
        units: dict[UUID, int] = {}
        for key, quantity in quantities.items():
            variant = items[key].variant_id
            if variant is not None:
                units[variant] = units.get(variant, 0) + quantity
        give_back(session, store_id=store_id, order_id=order.id, units=units, detail="order_cancelled")
    order.updated_at = now
    session.flush()
    _tell(session, order=order, said=said, is_paid=is_paid, clock=clock, operation_id=operation_id)
    follow_order(session, store_id=store_id, order_id=order.id, clock=clock)


def _tell(
    session: Session, *, order: Order, said: Sequence[Mapping[str, Any]], is_paid: bool, clock: Clock,
    operation_id: UUID,
) -> None:
    """Tell of the units. Sales of unpaid ones are reversed by this event, of paid ones by their refund."""
    facts = {
        "operation_id": str(operation_id), "items": said, "units_count": sum(each["quantity"] for each in said),
        "net_amount": sum(each["amount"] for each in said), "tax_amount": sum(each["tax_amount"] for each in said)}
    payload = facts_of(order, {**facts, "fields": ["items"]} if is_paid else facts)
    record_event(session, store_id=order.store_id, name=_PAID_UNITS if is_paid else "order.items_cancelled",
                 entity_type="order", entity_id=order.id, payload=payload, occurred_at=clock.now())


def _told(item: OrderItem, quantity: int) -> dict[str, Any]:
    """Return what is told of units that are cancelled: what they are worth net, and their tax."""
    settled = item.refunded_quantity + item.uncollected_quantity
    total = units_amount(item.line_total_amount, item.quantity, settled, quantity)
    tax = units_amount(item.line_tax_amount, item.quantity, settled, quantity)
    return {"order_item_id": str(item.id), "quantity": quantity, "amount": total - tax, "tax_amount": tax}


def remove_order(
    transactions: Transactions, *, gateways: Gateways, order_id: UUID, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> None:
    """Hide an order that is CANCELED from every list; one that is PENDING is cancelled first.

    Errors: OrderNotFound, Stale, OrderNotDeletable, and those of refunds.
    """
    with transactions() as session:
        order = take_order(session, store_id=transactions.store_id, order_id=order_id)
        if expected_updated_at is not None and expected_updated_at != order.updated_at:
            raise Stale()
        is_open = order.status == "PENDING"
    if is_open:
        cancel_order(transactions, gateways=gateways, order_id=order_id, clock=clock)
    with transactions() as session:
        delete_order(session, store_id=transactions.store_id, order_id=order_id, clock=clock)
