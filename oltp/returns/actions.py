"""Writes of returns, each under the order's lock; the refund stands in refunding.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_order
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.orders.actions import take_order
from oltp.outbox.actions import record_event
from oltp.payments.models import Refund
from oltp.returns.errors import ReturnMoved, ReturnNotFound, ReturnRefundPending
from oltp.returns.models import ReturnItem, ReturnRequest
from oltp.returns.queries import count_returnable
from oltp.returns.rules import Inspection, check_quantities, check_reason, decide, refund_id_of
from oltp.returns.states import may_become

_OF = text("SELECT order_id FROM return_request WHERE store_id = :store AND id = :return")


@dataclass(frozen=True)
class ReturnWish:
    """What shall come back (line → units), and why."""

    order_id: UUID
    quantities: Mapping[UUID, int]
    reason_code: str | None = None
    note: str | None = None
    initiated_by_customer: bool = True


def request_return(session: Session, *, store_id: UUID, wish: ReturnWish, clock: Clock) -> ReturnRequest:
    """Ask for units of an order to be taken back. They count as returned until the return is rejected.

    Errors: OrderNotFound, ReturnReasonUnknown, NothingToReturn, ReturnedLineUnknown, MoreThanSent.
    """
    check_reason(wish.reason_code)
    take_order(session, store_id=store_id, order_id=wish.order_id)
    left = count_returnable(session, store_id=store_id, order_id=wish.order_id)
    check_quantities(wish.quantities, left=left)
    trace = current_trace()
    made = ReturnRequest(
        id=new_id(), store_id=store_id, order_id=wish.order_id, reason_code=wish.reason_code, note=wish.note,
        initiated_by_customer=wish.initiated_by_customer, created_at=clock.now(), updated_at=clock.now(),
        correlation_id=trace.correlation_id if trace else None, request_id=trace.request_id if trace else None)
    session.add(made)
    session.flush()
    # Ids of one moment are in no order: sorted, the items stay in theirs.
    ids = sorted(new_id() for _ in wish.quantities)
    session.add_all([
        ReturnItem(id=item_id, store_id=store_id, return_request_id=made.id, order_id=wish.order_id,
                   order_item_id=line, quantity=quantity)
        for item_id, (line, quantity) in zip(ids, wish.quantities.items(), strict=True)])
    session.flush()
    items = [{"order_item_id": str(line), "quantity": quantity} for line, quantity in wish.quantities.items()]
    record_return(session, request=made, verb="requested", clock=clock, items=items)
    return made


def approve_return(session: Session, *, store_id: UUID, return_id: UUID, clock: Clock) -> ReturnRequest:
    """Let the goods be sent back. Errors: ReturnNotFound, ReturnMoved."""
    request = take_return(session, store_id=store_id, return_id=return_id)
    turn(session, request=request, status="approved", clock=clock)
    return request


def reject_return(
    session: Session, *, store_id: UUID, return_id: UUID, reason: str | None, clock: Clock
) -> ReturnRequest:
    """Don't take it back, or give no money for it; its units can be asked for anew.

    Errors: ReturnNotFound, ReturnMoved, ReturnRefundPending.
    """
    request = take_return(session, store_id=store_id, return_id=return_id)
    if request.status == "inspected" and _is_being_paid(session, request=request):
        raise ReturnRefundPending()
    if request.status != "rejected":
        request.reject_reason = reason
    turn(session, request=request, status="rejected", clock=clock, reason=reason)
    return request


def _is_being_paid(session: Session, *, request: ReturnRequest) -> bool:
    """Whether a refund was begun that has not failed: its money may be gone already."""
    if request.refund_started_at is None:
        return False
    refund = session.get(Refund, refund_id_of(request.id), populate_existing=True)
    return refund is None or refund.status != "failed"


def receive_return(session: Session, *, store_id: UUID, return_id: UUID, clock: Clock) -> ReturnRequest:
    """Note that the goods are here. Errors: ReturnNotFound, ReturnMoved."""
    request = take_return(session, store_id=store_id, return_id=return_id)
    turn(session, request=request, status="received", clock=clock)
    return request


def inspect_return(
    session: Session, *, store_id: UUID, return_id: UUID, found: Mapping[UUID, Inspection], clock: Clock
) -> ReturnRequest:
    """Note in which condition each item (by its id) is, and what becomes of it.

    Errors: ReturnNotFound, ReturnMoved, InspectedItemUnknown, InspectionMissing, InspectionInvalid.
    """
    request = take_return(session, store_id=store_id, return_id=return_id)
    if not may_become(request.status, "inspected"):
        raise ReturnMoved(status=request.status, wanted="inspected")
    items = items_of(session, request=request)
    decided = decide(list(items), found)
    for item_id, (condition, outcome) in decided.items():
        items[item_id].condition, items[item_id].outcome = condition, outcome
    turn(session, request=request, status="inspected", clock=clock, items=[
        {"order_item_id": str(items[item_id].order_item_id), "quantity": items[item_id].quantity,
         "condition": condition, "outcome": outcome} for item_id, (condition, outcome) in decided.items()])
    return request


def take_return(session: Session, *, store_id: UUID, return_id: UUID) -> ReturnRequest:
    """Return a return under the lock of its order. Errors: ReturnNotFound."""
    order_id = session.scalar(_OF, {"store": store_id, "return": return_id})
    if order_id is None or not lock_order(session, store_id=store_id, order_id=order_id):
        raise ReturnNotFound(return_id=return_id)
    # Read after the lock: what was read before may be what another one has changed.
    found = session.get(ReturnRequest, return_id, populate_existing=True)
    if found is None:
        raise ReturnNotFound(return_id=return_id)
    return found


def items_of(session: Session, *, request: ReturnRequest) -> dict[UUID, ReturnItem]:
    """Return the items of a return by their id."""
    query = select(ReturnItem).where(
        ReturnItem.store_id == request.store_id, ReturnItem.return_request_id == request.id).order_by(ReturnItem.id)
    return {item.id: item for item in session.scalars(query)}


def turn(
    session: Session, *, request: ReturnRequest, status: str, clock: Clock, **facts: object
) -> None:
    """Move a return on, with its event; to where it is already: nothing. Errors: ReturnMoved."""
    if request.status == status:
        return
    if not may_become(request.status, status):
        raise ReturnMoved(status=request.status, wanted=status)
    request.status, request.updated_at = status, clock.now()
    session.flush()
    record_return(session, request=request, verb=status, clock=clock, **facts)


def record_return(session: Session, *, request: ReturnRequest, verb: str, clock: Clock, **facts: object) -> None:
    """Tell what became of a return."""
    record_event(
        session, store_id=request.store_id, name=f"return.{verb}", entity_type="return", entity_id=request.id,
        payload={"order_id": str(request.order_id), "return_id": str(request.id), **facts}, occurred_at=clock.now())
