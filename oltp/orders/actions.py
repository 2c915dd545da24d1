"""Writes of orders: their states, holds, notes and addresses. Each step is told by an event and kept in the audit log.

What a step means for stock, money and promotions is conducted by the room `checkout`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.db.locking import lock_order
from oltp.kit.clock import Clock, SystemClock
from oltp.kit.errors import Stale
from oltp.orders.errors import (
    AddressFixed,
    HoldReasonMissing,
    NoteTooLong,
    OrderHeld,
    OrderNotDeletable,
    OrderNotFound,
    TransitionNotAllowed,
)
from oltp.orders.models import Order
from oltp.orders.rules import address_json
from oltp.orders.states import event_of, may_become
from oltp.outbox.actions import record_event

# Column → how many characters it takes; legacy's bounds.
LONGEST = {"admin_note": 1000, "customer_note": 1000, "tracking_number": 100, "tracking_url": 500,
           "cancel_reason": 1000, "hold_reason": 500}
_SENT = ("SHIPPED", "DELIVERED")
_NOTHING: Mapping[str, Any] = {}
_CLOCK: Clock = SystemClock()


def take_order(session: Session, *, store_id: UUID, order_id: UUID, is_hidden_too: bool = False) -> Order:
    """Return the order under its lock, as the database has it now.

    Errors: OrderNotFound (also when it is deleted; `is_hidden_too`: not then, for money that comes late).
    """
    if not lock_order(session, store_id=store_id, order_id=order_id):
        raise OrderNotFound(order_id=order_id)
    order = session.get(Order, order_id, populate_existing=True)
    if order is None or (order.deleted_at is not None and not is_hidden_too):
        raise OrderNotFound(order_id=order_id)
    return order


def transition(
    session: Session, *, store_id: UUID, order_id: UUID, to: str, clock: Clock, reason: str | None = None,
    facts: Mapping[str, Any] = _NOTHING,
) -> Order:
    """Move an order to another state; to where it is already: nothing.

    `facts` go into the event beside what every event of an order says. A reason is kept when it is cancelled.
    Errors: OrderNotFound, TransitionNotAllowed (naming both states), OrderHeld (a held order is not sent).
    """
    order = take_order(session, store_id=store_id, order_id=order_id)
    since = order.status
    if since == to:
        return order
    if not may_become(since, to):
        raise TransitionNotAllowed(since=since, until=to, field="to")
    if to in _SENT and order.held_at is not None:
        raise OrderHeld(reason=order.hold_reason)
    now = clock.now()
    order.status, order.updated_at = to, now
    if to == "DELIVERED":
        order.fulfilled_at = now
    if to == "CANCELED":
        order.canceled_at, order.cancel_reason = now, reason or "Order canceled"
    if since == "CANCELED" and to == "PENDING":
        order.canceled_at = order.cancel_reason = None
    _keep(session, order=order, name=event_of(since, to), changes={"status": {"old": since, "new": to}}, now=now,
          facts=facts)
    return order


def hold(session: Session, *, store_id: UUID, order_id: UUID, reason: str, clock: Clock = _CLOCK) -> Order:
    """Hold an order: nothing of it is captured or sent until it is released. Held again, the reason is the new one.

    Errors: OrderNotFound, HoldReasonMissing.
    """
    if not 1 <= len(reason.strip()) <= LONGEST["hold_reason"]:
        raise HoldReasonMissing(field="reason")
    order = take_order(session, store_id=store_id, order_id=order_id)
    before, now = order.hold_reason, clock.now()
    order.held_at, order.hold_reason, order.updated_at = order.held_at or now, reason, now
    _keep(session, order=order, name="order.held", changes={"hold_reason": {"old": before, "new": reason}}, now=now,
          facts={"reason": reason})
    return order


def release(session: Session, *, store_id: UUID, order_id: UUID, clock: Clock = _CLOCK) -> Order:
    """Release a held order; one that is not held stays as it is. Errors: OrderNotFound."""
    order = take_order(session, store_id=store_id, order_id=order_id)
    if order.held_at is None:
        return order
    before, now = order.hold_reason, clock.now()
    order.held_at, order.hold_reason, order.updated_at = None, None, now
    _keep(session, order=order, name="order.released", changes={"hold_reason": {"old": before, "new": None}}, now=now)
    return order


@dataclass(frozen=True)
class OrderChanges:
    """What people edit: column → new value; addresses as mappings. What is not in it stays."""

    fields: Mapping[str, Any]

    def columns(self) -> dict[str, Any]:
        """Return column → value as it is stored. Errors: NoteTooLong."""
        found: dict[str, Any] = {}
        for name, value in self.fields.items():
            if isinstance(value, str) and len(value) > LONGEST[name]:
                raise NoteTooLong(field=name, most=LONGEST[name])
            found[name] = address_json(value) if name.endswith("_address") and value is not None else value
        return found


def change_order(
    session: Session, *, store_id: UUID, order_id: UUID, changes: OrderChanges, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Order:
    """Change notes, tracking and addresses; a shipping address only until the goods have left.

    Errors: OrderNotFound, Stale, NoteTooLong, AddressFixed.
    """
    order = take_order(session, store_id=store_id, order_id=order_id)
    if expected_updated_at is not None and expected_updated_at != order.updated_at:
        raise Stale()
    wanted = {name: value for name, value in changes.columns().items() if getattr(order, name) != value}
    if "shipping_address" in wanted and order.status in (*_SENT, "REFUNDED"):
        raise AddressFixed(status=order.status, field="shipping_address")
    if not wanted:
        return order
    # Addresses are personal: that they have changed is kept, not what they were.
    kept = {name: None if name.endswith("_address") else {"old": getattr(order, name), "new": value}
            for name, value in wanted.items()}
    for name, value in wanted.items():
        setattr(order, name, value)
    now = order.updated_at = clock.now()
    _keep(session, order=order, name="order.updated", changes=kept, now=now, facts={"fields": sorted(wanted)})
    return order


def delete_order(
    session: Session, *, store_id: UUID, order_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Hide a cancelled order from every list. A PENDING one is cancelled first, by checkout, with its stock.

    Errors: OrderNotFound, Stale, OrderNotDeletable.
    """
    order = take_order(session, store_id=store_id, order_id=order_id)
    if expected_updated_at is not None and expected_updated_at != order.updated_at:
        raise Stale()
    if order.status != "CANCELED":
        raise OrderNotDeletable(status=order.status)
    now = order.deleted_at = order.updated_at = clock.now()
    _keep(session, order=order, name="order.deleted", changes={"deleted_at": {"old": None, "new": now}}, now=now)


def note_payment(session: Session, *, order: Order, payment_status: str, clock: Clock) -> None:
    """Let an order under its lock say how its payment stands, with an event where that is new."""
    if order.payment_status == payment_status:
        return
    before, now = order.payment_status, clock.now()
    order.payment_status, order.updated_at = payment_status, now
    session.flush()
    record_event(
        session, store_id=order.store_id, name="order.updated", entity_type="order", entity_id=order.id,
        payload=facts_of(order, {"fields": ["payment_status"], "payment_status_before": before}), occurred_at=now)


def facts_of(order: Order, facts: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """Return what every event of an order says."""
    return {
        "order_id": str(order.id), "order_number": order.order_number, "status": order.status,
        "payment_status": order.payment_status, "currency": order.currency,
        "total_amount": order.order_total_amount,
        "customer_id": None if order.customer_id is None else str(order.customer_id), **facts}


def _keep(session: Session, *, order: Order, name: str, changes: Mapping[str, Any], now: datetime,
          facts: Mapping[str, Any] = _NOTHING) -> None:
    session.flush()
    record_event(session, store_id=order.store_id, name=name, entity_type="order", entity_id=order.id,
                 payload=facts_of(order, facts), occurred_at=now)
    record_audit(session, store_id=order.store_id, action=name, entity_type="order",
                 entity_id=order.id, changes=changes, actor_type="SYSTEM", occurred_at=now)
