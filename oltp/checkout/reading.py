"""An order as people look at it: with its lines, discounts, and what it owes. A constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.checkout.confirming import Money, read_money
from oltp.orders.models import Order, OrderItem
from oltp.orders.queries import Due, get_due, get_order, list_applied, list_items

_SELLER = text("""
    SELECT name, email, phone, website, address, city, state, postal_code, country FROM stores WHERE id = :store""")
_BUYER = text("""
    SELECT first_name, last_name, email, phone FROM customers WHERE store_id = :store AND id = :customer""")


@dataclass(frozen=True)
class OrderView:
    """An order with all that belongs to it."""

    order: Order
    items: Sequence[OrderItem]
    discounts: Sequence[Row[Any]]
    due: Due
    money: Money

    @property
    def owed(self) -> int:
        """What is still to be collected, in minor units; nothing of an order that is cancelled or given back."""
        if self.order.status in ("CANCELED", "REFUNDED"):
            return 0
        return max(0, self.due.amount - self.money.captured)


def view_order(session: Session, *, store_id: UUID, order_id: UUID, known: Order | None = None) -> OrderView:
    """Return the order; `known` is its row where the caller has just read or written it. Errors: OrderNotFound."""
    return OrderView(
        known or get_order(session, store_id=store_id, order_id=order_id),
        list_items(session, store_id=store_id, order_id=order_id),
        list_applied(session, store_id=store_id, order_id=order_id),
        get_due(session, store_id=store_id, order_id=order_id),
        read_money(session, store_id=store_id, order_id=order_id))


@dataclass(frozen=True)
class Invoice:
    """What an invoice says. Names and numbers are those of the order's day; legacy took today's from the catalog."""

    view: OrderView
    seller: Row[Any]
    buyer: Row[Any] | None


def read_invoice(session: Session, *, store_id: UUID, order_id: UUID) -> Invoice:
    """Return the order with who sells and who buys. Errors: OrderNotFound."""
    view = view_order(session, store_id=store_id, order_id=order_id)
    seller = session.execute(_SELLER, {"store": store_id}).one()
    buyer = session.execute(_BUYER, {"store": store_id, "customer": view.order.customer_id}).one_or_none()
    return Invoice(view, seller, buyer)
