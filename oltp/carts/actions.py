"""Writes of carts. A cart is nobody's promise: prices, stock and codes are looked at when a quote is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from oltp.carts.errors import (
    CartClosed,
    CartCustomerUnknown,
    CartFull,
    CartItemNotFound,
    CartNotFound,
    NothingOfThatKind,
)
from oltp.carts.models import Cart, CartItem
from oltp.carts.queries import get_cart
from oltp.carts.rules import MOST_ITEMS, check_item, normalise_codes
from oltp.db.locking import lock_cart
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.kit.money import exponent

_ADD = text("""
    INSERT INTO cart_item (id, store_id, cart_id, variant_id, bundle_id, quantity)
    SELECT w.id, :store, :cart, w.variant_id, w.bundle_id, w.quantity
    FROM unnest(CAST(:ids AS uuid[]), CAST(:variants AS uuid[]), CAST(:bundles AS uuid[]), CAST(:quantities AS int[]))
      AS w (id, variant_id, bundle_id, quantity)""")
_KNOWN = text("""
    SELECT v.id FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (:variants) AND v.deleted_at IS NULL AND p.deleted_at IS NULL
    UNION ALL
    SELECT id FROM product_bundle WHERE store_id = :store AND id = ANY (:bundles) AND deleted_at IS NULL""")

_PURGE = text("""
    DELETE FROM quote WHERE id IN (
      SELECT q.id FROM quote q WHERE q.expires_at < :before
        AND NOT EXISTS (SELECT FROM orders o WHERE o.store_id = q.store_id AND o.quote_id = q.id) LIMIT :size)""")
# Said twice: a row that was waited for is looked at again, but not by what chose it. It may just have been ordered.
_ABANDON = text("""
    UPDATE cart SET status = 'abandoned', version = version + 1 WHERE id IN (
      SELECT id FROM cart WHERE status = 'open' AND updated_at < :before LIMIT :size)
      AND status = 'open' AND updated_at < :before""")


@dataclass(frozen=True)
class NewItem:
    """What is put into a cart: a variant or a bundle, and how many."""

    variant_id: UUID | None
    bundle_id: UUID | None
    quantity: int


def create_cart(
    session: Session, *, store_id: UUID, currency: str, items: Sequence[NewItem] = (), clock: Clock,
    fields: Mapping[str, Any] | None = None,
) -> Cart:
    """Make a cart with its first items; `fields` are further columns (customer_id, visitor_id, email, locale, codes,
    shipping_address, shipping_method).

    Errors: InvalidCurrency, CartCustomerUnknown, TooManyCodes, CartFull and those of an item.
    """
    exponent(currency)
    now = clock.now()
    values = _checked(session, store_id=store_id, fields=fields or {})
    cart = Cart(id=new_id(), store_id=store_id, currency=currency, created_at=now, updated_at=now, **values)
    session.add(cart)
    session.flush()
    _add(session, cart=cart, items=items, present=0)
    return cart


def change_cart(
    session: Session, *, store_id: UUID, cart_id: UUID, fields: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Cart:
    """Change whose it is, its currency, codes, address or shipping method; what is not in `fields` stays.

    Errors: CartNotFound, CartClosed, Stale, InvalidCurrency, CartCustomerUnknown, TooManyCodes.
    """
    cart = _take(session, store_id=store_id, cart_id=cart_id, expected_updated_at=expected_updated_at)
    for name, value in _checked(session, store_id=store_id, fields=fields).items():
        setattr(cart, name, value)
    return _touch(session, cart=cart, clock=clock)


def add_items(
    session: Session, *, store_id: UUID, cart_id: UUID, items: Sequence[NewItem], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Cart:
    """Put items into the cart, each on a line of its own, as with wishes that differ in nothing but who put them in.

    Errors: CartNotFound, CartClosed, Stale, CartFull, NothingOfThatKind, WhatIsWanted, QuantityOutOfBounds.
    """
    cart = _take(session, store_id=store_id, cart_id=cart_id, expected_updated_at=expected_updated_at)
    present = session.scalar(select(func.count()).select_from(CartItem).where(
        CartItem.store_id == store_id, CartItem.cart_id == cart_id)) or 0
    _add(session, cart=cart, items=items, present=present)
    return _touch(session, cart=cart, clock=clock)


def change_item(
    session: Session, *, store_id: UUID, cart_id: UUID, item_id: UUID, quantity: int, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Cart:
    """Change how many of an item are wanted.

    Errors: CartNotFound, CartClosed, Stale, CartItemNotFound, QuantityOutOfBounds.
    """
    cart = _take(session, store_id=store_id, cart_id=cart_id, expected_updated_at=expected_updated_at)
    item = session.scalar(select(CartItem).where(
        CartItem.store_id == store_id, CartItem.cart_id == cart_id, CartItem.id == item_id))
    if item is None:
        raise CartItemNotFound(item_id=item_id)
    check_item(variant_id=item.variant_id, bundle_id=item.bundle_id, quantity=quantity)
    item.quantity, item.updated_at = quantity, clock.now()
    return _touch(session, cart=cart, clock=clock)


def remove_item(
    session: Session, *, store_id: UUID, cart_id: UUID, item_id: UUID, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Cart:
    """Take an item out. Errors: CartNotFound, CartClosed, Stale, CartItemNotFound."""
    cart = _take(session, store_id=store_id, cart_id=cart_id, expected_updated_at=expected_updated_at)
    gone = session.scalar(delete(CartItem).where(
        CartItem.store_id == store_id, CartItem.cart_id == cart_id, CartItem.id == item_id).returning(CartItem.id))
    if gone is None:
        raise CartItemNotFound(item_id=item_id)
    return _touch(session, cart=cart, clock=clock)


def delete_cart(
    session: Session, *, store_id: UUID, cart_id: UUID, expected_updated_at: datetime | None = None
) -> None:
    """Throw a cart away, with its items; its quotes stay. Errors: CartNotFound, Stale."""
    if not lock_cart(session, store_id=store_id, cart_id=cart_id):
        raise CartNotFound(cart_id=cart_id)
    cart = get_cart(session, store_id=store_id, cart_id=cart_id)
    if expected_updated_at is not None and expected_updated_at != cart.updated_at:
        raise Stale()
    session.execute(delete(Cart).where(Cart.store_id == store_id, Cart.id == cart_id))
    session.expunge(cart)


def close_cart(session: Session, *, store_id: UUID, cart_id: UUID, clock: Clock) -> None:
    """Note that the cart was ordered; it takes no further items. Errors: CartClosed (it was ordered already)."""
    closed = session.scalar(text("""
        UPDATE cart SET status = 'ordered', version = version + 1, updated_at = :now
        WHERE store_id = :store AND id = :cart AND status <> 'ordered' RETURNING id"""),
        {"store": store_id, "cart": cart_id, "now": clock.now()})
    if closed is None:
        raise CartClosed()


def _take(session: Session, *, store_id: UUID, cart_id: UUID, expected_updated_at: datetime | None) -> Cart:
    if not lock_cart(session, store_id=store_id, cart_id=cart_id):
        raise CartNotFound(cart_id=cart_id)
    cart = get_cart(session, store_id=store_id, cart_id=cart_id)
    if expected_updated_at is not None and expected_updated_at != cart.updated_at:
        raise Stale()
    if cart.status == "ordered":
        raise CartClosed()
    return cart


def _touch(session: Session, *, cart: Cart, clock: Clock) -> Cart:
    cart.version, cart.updated_at, cart.status = cart.version + 1, clock.now(), "open"
    session.flush()
    return cart


def _checked(session: Session, *, store_id: UUID, fields: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    if "codes" in values:
        values["codes"] = normalise_codes(values["codes"])
    if "currency" in values:
        exponent(values["currency"])
    customer = values.get("customer_id")
    if customer is not None and not session.scalar(
            text("SELECT EXISTS (SELECT FROM customers WHERE store_id = :store AND id = :id AND deleted_at IS NULL)"),
            {"store": store_id, "id": customer}):
        raise CartCustomerUnknown(customer_id=customer, field="customer_id")
    return values


def _add(session: Session, *, cart: Cart, items: Sequence[NewItem], present: int) -> None:
    if not items:
        return
    if present + len(items) > MOST_ITEMS:
        raise CartFull(most=MOST_ITEMS)
    for index, item in enumerate(items):
        check_item(variant_id=item.variant_id, bundle_id=item.bundle_id, quantity=item.quantity,
                   field=f"items.{index}.")
    lists = {"variants": [item.variant_id for item in items], "bundles": [item.bundle_id for item in items]}
    known = set(session.scalars(_KNOWN, {"store": cart.store_id, **lists}))
    for index, item in enumerate(items):
        noun, key = ("variant", item.variant_id) if item.bundle_id is None else ("bundle", item.bundle_id)
        if key not in known:
            raise NothingOfThatKind(noun=noun, entity_id=key, field=f"items.{index}.{noun}_id")
    session.execute(_ADD, {
        "store": cart.store_id, "cart": cart.id, "ids": sorted(new_id() for _ in items), **lists,
        "quantities": [item.quantity for item in items]})


def purge_quotes(session: Session, *, expired_before: datetime, size: int) -> int:
    """Delete up to `size` quotes that expired before then and were not ordered by; return how many. As a worker."""
    return int(getattr(session.execute(_PURGE, {"before": expired_before, "size": size}), "rowcount", 0))


def abandon_carts(session: Session, *, untouched_since: datetime, size: int) -> int:
    """Call up to `size` open carts abandoned that have not been touched since then; return how many. As a worker."""
    return int(getattr(session.execute(_ABANDON, {"before": untouched_since, "size": size}), "rowcount", 0))
