"""Writes of fulfilments, each under the order's lock: what is packed, sent, delivered or not sent after all."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_order
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.orders.actions import take_order, transition
from oltp.orders.errors import OrderHeld
from oltp.orders.models import Order
from oltp.orders.withdrawing import withdraw_refunded
from oltp.outbox.actions import record_event
from oltp.shipping.errors import (
    FulfillmentMoved,
    FulfillmentNotFound,
    LineNotInOrder,
    MoreThanOrdered,
    NothingToSend,
    OrderNotReady,
    OrderUnpaid,
)
from oltp.shipping.following import follow_order, set_tracking
from oltp.shipping.models import Fulfillment, FulfillmentItem
from oltp.shipping.rules import Tracking, check_tracking
from oltp.shipping.states import may_become

_LEFT = text("""
    SELECT id, greatest(quantity, 0) - cancelled_quantity - fulfilled_quantity AS quantity
    FROM order_items WHERE store_id = :store AND order_id = :order ORDER BY ordinal""")
_OF = text("SELECT order_id FROM fulfillment WHERE store_id = :store AND id = :fulfillment")
# What may be sent. An order that legacy's readers call shipped or delivered may still get its record of how.
READY = ("PAID", "PROCESSING", "SHIPPED", "DELIVERED")
# Their money comes when the goods have come, or on its own way.
UNPAID_METHODS = ("CASH_ON_DELIVERY", "BANK_TRANSFER")
_NO_TRACKING = Tracking()


def create_fulfillment(
    session: Session, *, store_id: UUID, order_id: UUID, quantities: Mapping[UUID, int], clock: Clock
) -> Fulfillment:
    """Take units of an order's lines (line → quantity; empty: all that is left) to be packed and sent.

    Errors: OrderNotFound, OrderHeld, OrderNotReady, OrderUnpaid, LineNotInOrder, NothingToSend,
    MoreThanOrdered.
    """
    order = _take_ready_order(session, store_id=store_id, order_id=order_id)
    rows = session.execute(_LEFT, {"store": store_id, "order": order_id})
    chosen = _choose({row.id: row.quantity for row in rows}, quantities)
    trace = current_trace()
    made = Fulfillment(
        id=new_id(), store_id=store_id, order_id=order_id, correlation_id=trace.correlation_id if trace else None,
        request_id=trace.request_id if trace else None)
    session.add(made)
    session.flush()
    # Ids of one moment are in no order: sorted, the items stay in theirs.
    ids = sorted(new_id() for _ in chosen)
    session.add_all([
        FulfillmentItem(id=item_id, store_id=store_id, fulfillment_id=made.id, order_id=order_id,
                        order_item_id=line, quantity=quantity)
        for item_id, (line, quantity) in zip(ids, chosen.items(), strict=True)])
    session.flush()
    items = [{"order_item_id": str(line), "quantity": quantity} for line, quantity in chosen.items()]
    _record(session, fulfillment=made, verb="created", clock=clock, items=items)
    if order.status == "PAID":
        transition(session, store_id=store_id, order_id=order_id, to="PROCESSING", clock=clock)
    return made


def _choose(left: Mapping[UUID, int], wanted: Mapping[UUID, int]) -> dict[UUID, int]:
    """Return line → quantity. The fields of refusals count the lines as they were given."""
    if not wanted:
        wanted = {line: quantity for line, quantity in left.items() if quantity > 0}
    if not wanted:
        raise NothingToSend(field="items")
    for index, (line, quantity) in enumerate(wanted.items()):
        if line not in left:
            raise LineNotInOrder(order_item_id=line, field=f"items.{index}.order_item_id")
        if not 0 < quantity <= left[line]:
            raise MoreThanOrdered(left=left[line], wanted=quantity, field=f"items.{index}.quantity")
    return dict(wanted)


def pack_fulfillment(session: Session, *, store_id: UUID, fulfillment_id: UUID, clock: Clock) -> Fulfillment:
    """Note that it is packed.

    Errors: FulfillmentNotFound, FulfillmentMoved, OrderHeld, OrderNotReady, OrderUnpaid.
    """
    fulfillment = lock_fulfillment(session, store_id=store_id, fulfillment_id=fulfillment_id)
    _take_ready_order(session, store_id=store_id, order_id=fulfillment.order_id)
    _turn(session, fulfillment=fulfillment, status="packed", clock=clock)
    return fulfillment


def ship_fulfillment(
    session: Session, *, store_id: UUID, fulfillment_id: UUID, clock: Clock, tracking: Tracking = _NO_TRACKING
) -> Fulfillment:
    """Note that it has left; done again, only the tracking changes.

    Errors: FulfillmentNotFound, FulfillmentMoved, OrderHeld, OrderNotReady, OrderUnpaid, TrackingInvalid.
    """
    check_tracking(tracking)
    fulfillment = lock_fulfillment(session, store_id=store_id, fulfillment_id=fulfillment_id)
    _take_ready_order(session, store_id=store_id, order_id=fulfillment.order_id)
    fulfillment.shipped_at = fulfillment.shipped_at or clock.now()
    show_tracking(session, fulfillment=fulfillment, tracking=tracking)
    _turn(session, fulfillment=fulfillment, status="shipped", clock=clock)
    follow_order(session, store_id=store_id, order_id=fulfillment.order_id, clock=clock)
    return fulfillment


def deliver_fulfillment(session: Session, *, store_id: UUID, fulfillment_id: UUID, clock: Clock) -> Fulfillment:
    """Note that it has arrived: a fact, so a held order is no reason to refuse it.

    Errors: FulfillmentNotFound, FulfillmentMoved.
    """
    fulfillment = lock_fulfillment(session, store_id=store_id, fulfillment_id=fulfillment_id)
    fulfillment.delivered_at = fulfillment.delivered_at or clock.now()
    _turn(session, fulfillment=fulfillment, status="delivered", clock=clock)
    follow_order(session, store_id=store_id, order_id=fulfillment.order_id, clock=clock)
    return fulfillment


def cancel_fulfillment(session: Session, *, store_id: UUID, fulfillment_id: UUID, clock: Clock) -> Fulfillment:
    """Don't send it after all; its units can be sent otherwise, or cancelled. What was refunded meanwhile is cancelled.

    Errors: FulfillmentNotFound, FulfillmentMoved (what has left comes back as a return).
    """
    fulfillment = lock_fulfillment(session, store_id=store_id, fulfillment_id=fulfillment_id)
    _turn(session, fulfillment=fulfillment, status="canceled", clock=clock)
    withdraw_refunded(session, store_id=store_id, order_id=fulfillment.order_id)
    follow_order(session, store_id=store_id, order_id=fulfillment.order_id, clock=clock)
    return fulfillment


def unpack_order(session: Session, *, store_id: UUID, order_id: UUID, clock: Clock) -> None:
    """Cancel whatever of an order under its lock is packed and has not left; the order is about to be cancelled."""
    waiting = session.scalars(select(Fulfillment).where(
        Fulfillment.store_id == store_id, Fulfillment.order_id == order_id,
        Fulfillment.status.in_(("pending", "packed"))).order_by(Fulfillment.id)
        .execution_options(populate_existing=True)).all()
    for fulfillment in waiting:
        _turn(session, fulfillment=fulfillment, status="canceled", clock=clock)


def reach(
    session: Session, *, fulfillment: Fulfillment, shipped_at: datetime | None, delivered_at: datetime | None,
    clock: Clock,
) -> None:
    """Let a fulfilment follow what carriers say of its parcels; facts are taken whatever the order's state.

    The earliest moment told counts, whoever told it. A cancelled fulfilment stays cancelled.
    """
    if shipped_at is None or fulfillment.status == "canceled":
        return
    fulfillment.shipped_at = min(shipped_at, fulfillment.shipped_at or shipped_at)
    if fulfillment.status in ("pending", "packed"):
        _turn(session, fulfillment=fulfillment, status="shipped", clock=clock)
    if delivered_at is not None:
        fulfillment.delivered_at = min(delivered_at, fulfillment.delivered_at or delivered_at)
        _turn(session, fulfillment=fulfillment, status="delivered", clock=clock)
    session.flush()
    follow_order(session, store_id=fulfillment.store_id, order_id=fulfillment.order_id, clock=clock)


def lock_fulfillment(session: Session, *, store_id: UUID, fulfillment_id: UUID) -> Fulfillment:
    """Return a fulfilment under the lock of its order. Errors: FulfillmentNotFound."""
    order_id = session.scalar(_OF, {"store": store_id, "fulfillment": fulfillment_id})
    if order_id is None or not lock_order(session, store_id=store_id, order_id=order_id):
        raise FulfillmentNotFound(fulfillment_id=fulfillment_id)
    # Read after the lock: what was read before may be what another one has changed.
    found = session.get(Fulfillment, fulfillment_id, populate_existing=True)
    if found is None:
        raise FulfillmentNotFound(fulfillment_id=fulfillment_id)
    return found


def show_tracking(session: Session, *, fulfillment: Fulfillment, tracking: Tracking) -> None:
    """Write the tracking of the last parcel to the fulfilment and, for legacy's readers, to the order."""
    fulfillment.carrier = tracking.carrier or fulfillment.carrier
    fulfillment.tracking_number = tracking.number or fulfillment.tracking_number
    fulfillment.tracking_url = tracking.url or fulfillment.tracking_url
    if tracking.number or tracking.url:
        set_tracking(session, store_id=fulfillment.store_id, order_id=fulfillment.order_id, number=tracking.number,
                     url=tracking.url)


def _take_ready_order(session: Session, *, store_id: UUID, order_id: UUID) -> Order:
    """Return the order under its lock, if goods may be sent for it."""
    order = take_order(session, store_id=store_id, order_id=order_id)
    if order.held_at is not None:
        raise OrderHeld(reason=order.hold_reason)
    if order.status not in READY:
        raise OrderNotReady(status=order.status)
    # PAID says itself that it is; AUTHORIZED money is promised, and is captured when the goods leave.
    if order.status == "PROCESSING" and order.payment_status in ("PENDING", "FAILED") \
            and order.payment_method not in UNPAID_METHODS:
        raise OrderUnpaid()
    return order


def _turn(session: Session, *, fulfillment: Fulfillment, status: str, clock: Clock) -> None:
    """Move the fulfilment on, with its event; to where it is already: nothing. Errors: FulfillmentMoved."""
    if fulfillment.status != status:
        if not may_become(fulfillment.status, status):
            raise FulfillmentMoved(status=fulfillment.status, wanted=status)
        fulfillment.status = status
        verb = "cancelled" if status == "canceled" else status
        _record(session, fulfillment=fulfillment, verb=verb, clock=clock)
    fulfillment.updated_at = clock.now()
    session.flush()


def _record(session: Session, *, fulfillment: Fulfillment, verb: str, clock: Clock, **facts: object) -> None:
    record_event(
        session, store_id=fulfillment.store_id, name=f"fulfillment.{verb}", entity_type="fulfillment",
        entity_id=fulfillment.id, occurred_at=clock.now(),
        payload={"order_id": str(fulfillment.order_id), "fulfillment_id": str(fulfillment.id), **facts})
