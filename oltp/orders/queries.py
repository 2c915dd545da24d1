"""Reads of orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from oltp.orders.errors import OrderNotFound
from oltp.orders.models import Order, OrderItem

Sort = Literal["-created_at", "created_at", "-total_amount", "total_amount", "-order_number", "order_number"]
_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Order.created_at, "total_amount": Order.order_total_amount, "order_number": Order.order_number}


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted; None for any.

    Placed from `placed_from` on and before `placed_before`. `search` looks into the number, and for customers by
    their name and e-mail.
    """

    status: str | None = None
    customer_id: UUID | None = None
    payment_status: str | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    search: str | None = None


def list_orders(
    session: Session, *, store_id: UUID, wanted: OrderFilter, after: tuple[Any, UUID] | None, limit: int,
    sort: Sort = "-created_at",
) -> Sequence[Order]:
    """Return a page of live orders in one statement, newest first unless sorted otherwise.

    `after` is (value sorted by, id) of the last order of the previous page; equal ones go by rising id.
    """
    query = select(Order).where(Order.store_id == store_id, Order.deleted_at.is_(None), *_conditions(store_id, wanted))
    column, is_falling = _COLUMNS[sort.removeprefix("-")], sort.startswith("-")
    if after is not None:
        value, last = after
        # The plain bound on the column is what the index can seek to; the rest decides among equals.
        bound, beyond = (column <= value, column < value) if is_falling else (column >= value, column > value)
        query = query.where(bound, beyond | (Order.id > last))
    return session.scalars(query.order_by(column.desc() if is_falling else column, Order.id).limit(limit)).all()


def _conditions(store_id: UUID, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(Order.status == wanted.status)
    if wanted.customer_id is not None:
        found.append(Order.customer_id == wanted.customer_id)
    if wanted.payment_status is not None:
        found.append(Order.payment_status == wanted.payment_status)
    if wanted.placed_from is not None:
        found.append(Order.placed_at >= wanted.placed_from)
    if wanted.placed_before is not None:
        found.append(Order.placed_at < wanted.placed_before)
    if wanted.search:
        found.append(_matches(store_id, wanted.search))
    return found


def _matches(store_id: UUID, search: str) -> ColumnElement[bool]:
    """Whether the order's number, or its customer's name or e-mail, has the words in it."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    customers = text("""
        SELECT id FROM customers WHERE store_id = :search_store
          AND (email ILIKE :search_like OR (first_name || ' ' || last_name) ILIKE :search_like)""").bindparams(
        search_store=store_id, search_like=f"%{escaped}%")
    return or_(Order.order_number.ilike(f"%{escaped}%"), Order.customer_id.in_(customers.columns(Order.id)))


def get_order(session: Session, *, store_id: UUID, order_id: UUID) -> Order:
    """Return the order. Errors: OrderNotFound (also when it is deleted)."""
    order = find_order(session, store_id=store_id, order_id=order_id)
    if order is None:
        raise OrderNotFound(order_id=order_id)
    return order


def find_order(session: Session, *, store_id: UUID, order_id: UUID) -> Order | None:
    """Return the order as the database has it now, None where there is none or it is deleted."""
    return session.scalar(
        select(Order).where(Order.store_id == store_id, Order.id == order_id, Order.deleted_at.is_(None))
        .execution_options(populate_existing=True))


def list_items(session: Session, *, store_id: UUID, order_id: UUID) -> Sequence[OrderItem]:
    """Return the order's lines in their order, as the database has them now."""
    return session.scalars(
        select(OrderItem).where(OrderItem.store_id == store_id, OrderItem.order_id == order_id)
        .order_by(OrderItem.ordinal).execution_options(populate_existing=True)).all()


_PROMOTIONS = text("""
    SELECT id, order_item_id, promotion_rule_id, discount_code_id, target, code, name, amount, gross_amount, released_at
    FROM applied_promotion WHERE store_id = :store AND order_id = :order ORDER BY ordinal""")


def list_applied(session: Session, *, store_id: UUID, order_id: UUID) -> Sequence[Row[Any]]:
    """Return the discounts the order was given: of lines, of shipping, and legacy's of the whole order."""
    return session.execute(_PROMOTIONS, {"store": store_id, "order": order_id}).all()


# Each part looks into an index by its own key.
_FIRST = text("""
    SELECT NOT EXISTS (
      SELECT FROM orders o WHERE o.store_id = :store AND o.customer_id = CAST(:customer AS uuid)
        AND o.deleted_at IS NULL AND o.status <> 'CANCELED')
    AND NOT EXISTS (
      SELECT FROM subject s JOIN orders o ON o.store_id = s.store_id AND o.subject_id = s.id
      WHERE s.store_id = :store AND o.deleted_at IS NULL AND o.status <> 'CANCELED'
        AND s.contact_hash = contact_hash(:store, jsonb_build_object('email', CAST(:email AS text))::text))
    AND NOT EXISTS (
      SELECT FROM subject s JOIN orders o ON o.store_id = s.store_id AND o.subject_id = s.id
      WHERE s.store_id = :store AND o.deleted_at IS NULL AND o.status <> 'CANCELED' AND s.contact_hash = (
        SELECT contact_hash(a.store_id, jsonb_build_object('email', a.email)::text) FROM customers a
        WHERE a.store_id = :store AND a.id = CAST(:customer AS uuid)))
    AND NOT EXISTS (
      SELECT FROM customers c JOIN orders o ON o.store_id = c.store_id AND o.customer_id = c.id
      WHERE c.store_id = :store AND c.email = lower(trim(CAST(:email AS text))) AND o.deleted_at IS NULL
        AND o.status <> 'CANCELED')""")


def is_first_order(
    session: Session, *, store_id: UUID, customer_id: UUID | None, email: str | None,
) -> bool:
    """Whether nobody with this account or e-mail has an order that was not cancelled. Nobody known: not a first one.

    A guest is found by his e-mail, also in orders placed before he had an account, and an account by its own.
    """
    if customer_id is None and not email:
        return False
    return bool(session.scalar(_FIRST, {"store": store_id, "customer": customer_id, "email": email}))


@dataclass(frozen=True)
class Due:
    """What an order is about, in minor units: its total, what was cancelled unpaid, and so what is to be collected."""

    total: int
    uncollected: int

    @property
    def amount(self) -> int:
        """What the customer owes all told, whether or not he has paid it."""
        return self.total - self.uncollected


# Units are settled in their order, and those cancelled unpaid come before any that is refunded: so they are the first
# of split(line_total, [1] * quantity), of which the larger parts come first (oltp/orders/rules.py).
_DUE = text("""
    SELECT o.order_total_amount AS total, (
        SELECT coalesce(sum(i.line_total_amount / i.quantity * i.uncollected_quantity
                            + least(i.uncollected_quantity, i.line_total_amount % i.quantity)), 0)
        FROM order_items i WHERE i.store_id = o.store_id AND i.order_id = o.id AND i.uncollected_quantity > 0)
    FROM orders o WHERE o.store_id = :store AND o.id = :order""")


def get_due(session: Session, *, store_id: UUID, order_id: UUID) -> Due:
    """Return what the order is worth now: its total less what was cancelled before it was paid.

    Errors: OrderNotFound.
    """
    found = session.execute(_DUE, {"store": store_id, "order": order_id}).one_or_none()
    if found is None:
        raise OrderNotFound(order_id=order_id)
    return Due(int(found[0]), int(found[1]))
