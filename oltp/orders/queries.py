"""Reads of orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.orders.models import Order


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted; None for any."""

    status: str | None = None
    customer_id: UUID | None = None


def list_orders(
    session: Session, *, store_id: UUID, wanted: OrderFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Order]:
    """Return a page of live orders, newest first, in one statement.

    `after` is (created_at, id) of the last order of the previous page; orders of one instant go by rising id.
    """
    query = select(Order).where(Order.store_id == store_id, Order.deleted_at.is_(None))
    if wanted.status is not None:
        query = query.where(Order.status == wanted.status)
    if wanted.customer_id is not None:
        query = query.where(Order.customer_id == wanted.customer_id)
    if after is not None:
        moment, last = after
        # The plain bound on created_at is what the index can seek to; the rest decides among equals.
        query = query.where(
            Order.created_at <= moment, (Order.created_at < moment) | (Order.id > last))
    return session.scalars(query.order_by(Order.created_at.desc(), Order.id).limit(limit)).all()
