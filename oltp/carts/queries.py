"""Reads of carts and quotes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from oltp.carts.errors import CartNotFound, QuoteNotFound
from oltp.carts.models import Cart, CartItem, Quote


@dataclass(frozen=True)
class CartFilter:
    """Which carts are wanted; None for any."""

    status: str | None = None
    customer_id: UUID | None = None


def get_cart(session: Session, *, store_id: UUID, cart_id: UUID) -> Cart:
    """Return the cart as the database has it now. Errors: CartNotFound."""
    cart = session.scalar(select(Cart).where(Cart.store_id == store_id, Cart.id == cart_id)
                          .execution_options(populate_existing=True))
    if cart is None:
        raise CartNotFound(cart_id=cart_id)
    return cart


def list_cart_items(session: Session, *, store_id: UUID, cart_ids: Sequence[UUID]) -> Sequence[CartItem]:
    """Return the items of these carts, in the order in which they were put in."""
    return session.scalars(
        select(CartItem).where(CartItem.store_id == store_id, CartItem.cart_id.in_(cart_ids))
        .order_by(CartItem.cart_id, CartItem.id).execution_options(populate_existing=True)).all()


def list_carts(
    session: Session, *, store_id: UUID, wanted: CartFilter, limit: int, before: tuple[datetime, UUID] | None = None,
) -> Sequence[Cart]:
    """Return a page of carts, last changed first; `before`: (updated_at, id) of the page before's last one."""
    query = select(Cart).where(Cart.store_id == store_id)
    if wanted.status is not None:
        query = query.where(Cart.status == wanted.status)
    if wanted.customer_id is not None:
        query = query.where(Cart.customer_id == wanted.customer_id)
    if before is not None:
        query = query.where(tuple_(Cart.updated_at, Cart.id) < before)
    return session.scalars(query.order_by(Cart.updated_at.desc(), Cart.id.desc()).limit(limit)).all()


def get_quote(session: Session, *, store_id: UUID, quote_id: UUID) -> Quote:
    """Return the quote, also one that has expired. Errors: QuoteNotFound."""
    quote = session.scalar(select(Quote).where(Quote.store_id == store_id, Quote.id == quote_id))
    if quote is None:
        raise QuoteNotFound(quote_id=quote_id)
    return quote
