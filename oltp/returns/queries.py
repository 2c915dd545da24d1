"""Reads of returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.payments.models import Refund
from oltp.returns.errors import ReturnNotFound
from oltp.returns.models import ReturnItem, ReturnRequest
from oltp.returns.rules import refund_id_of

# Units that have left the house; what is only packed can't come back.
_LEFT = text("""
    SELECT i.id, coalesce(sum(t.quantity), 0) - i.returned_quantity AS quantity
    FROM order_items i
    LEFT JOIN (fulfillment_item t JOIN fulfillment f ON f.store_id = t.store_id AND f.id = t.fulfillment_id
                 AND f.status IN ('shipped', 'delivered'))
      ON t.store_id = i.store_id AND t.order_id = i.order_id AND t.order_item_id = i.id
    WHERE i.store_id = :store AND i.order_id = :order GROUP BY i.store_id, i.id""")


@dataclass(frozen=True)
class ReturnFilter:
    """Which returns are wanted; None for any."""

    order_id: UUID | None = None
    status: str | None = None


@dataclass(frozen=True)
class ReturnView:
    """A return with its items."""

    request: ReturnRequest
    items: Sequence[ReturnItem]


def count_returnable(session: Session, *, store_id: UUID, order_id: UUID) -> dict[UUID, int]:
    """Return line → units that were sent and have not come back; not below 0."""
    rows = session.execute(_LEFT, {"store": store_id, "order": order_id})
    return {row.id: max(row.quantity, 0) for row in rows}


def get_return(session: Session, *, store_id: UUID, return_id: UUID) -> ReturnView:
    """Return a return with its items. Errors: ReturnNotFound."""
    found = session.scalar(
        select(ReturnRequest).where(ReturnRequest.store_id == store_id, ReturnRequest.id == return_id))
    if found is None:
        raise ReturnNotFound(return_id=return_id)
    return _complete(session, store_id=store_id, found=[found])[0]


def list_returns(
    session: Session, *, store_id: UUID, wanted: ReturnFilter, after: UUID | None, limit: int
) -> list[ReturnView]:
    """Return a page of returns, newest first, in two statements; `after` is the id of the previous page's last one."""
    query = select(ReturnRequest).where(ReturnRequest.store_id == store_id)
    if wanted.order_id is not None:
        query = query.where(ReturnRequest.order_id == wanted.order_id)
    if wanted.status is not None:
        query = query.where(ReturnRequest.status == wanted.status)
    if after is not None:
        query = query.where(ReturnRequest.id < after)
    found = session.scalars(query.order_by(ReturnRequest.id.desc()).limit(limit)).all()
    return _complete(session, store_id=store_id, found=found)


def _complete(session: Session, *, store_id: UUID, found: Sequence[ReturnRequest]) -> list[ReturnView]:
    items = session.scalars(select(ReturnItem).where(
        ReturnItem.store_id == store_id, ReturnItem.return_request_id.in_([each.id for each in found])).order_by(
        ReturnItem.id)).all()
    return [ReturnView(each, [item for item in items if item.return_request_id == each.id]) for each in found]


def find_return_of_refund(session: Session, *, store_id: UUID, refund_id: UUID) -> UUID | None:
    """Return the return that waits for this refund, None where none does."""
    waiting = session.scalars(
        select(ReturnRequest.id).join(Refund, (Refund.store_id == ReturnRequest.store_id) & (
            Refund.order_id == ReturnRequest.order_id)).where(
            Refund.store_id == store_id, Refund.id == refund_id, ReturnRequest.status == "inspected"))
    return next((each for each in waiting if refund_id_of(each) == refund_id), None)
