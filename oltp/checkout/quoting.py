"""Quotes: what a cart or a list of goods costs until a moment, with the trace that explains it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.carts.errors import CartNotFound
from oltp.carts.models import Quote
from oltp.carts.queries import get_cart, list_cart_items
from oltp.checkout.errors import TotalTooLarge
from oltp.checkout.gathering import gather
from oltp.checkout.inputs import QuoteInputs
from oltp.checkout.totals import Priced, compute
from oltp.checkout.traces import trace_to_text
from oltp.checkout.wishes import CheckoutWish, WishItem, wish_to_json
from oltp.kit.ids import new_id
from oltp.kit.money import exponent
from oltp.shipping.rules import ShippingOption
from oltp.tenancy.queries import Selling, get_selling_settings

_INSERT = text("""
    INSERT INTO quote (id, store_id, cart_id, currency, subtotal_amount, discount_amount, shipping_amount, tax_amount,
                       total_amount, wanted, trace, priced_at, expires_at)
    VALUES (:id, :store_id, :cart_id, :currency, :subtotal_amount, :discount_amount, :shipping_amount, :tax_amount,
            :total_amount, CAST(:wanted AS jsonb), CAST(:trace AS jsonb), :priced_at, :expires_at)""")
# JSON's numbers are exact up to here; columns hold more.
MOST = 2**53


@dataclass(frozen=True)
class Calculation:
    """What a wish comes to, from what, and what shipping could have been chosen."""

    wish: CheckoutWish
    inputs: QuoteInputs
    priced: Priced
    options: list[ShippingOption]
    settings: Selling


def calculate(session: Session, *, store_id: UUID, wish: CheckoutWish, at: datetime) -> Calculation:
    """Return what the wish comes to at that moment; nothing is kept. Errors: those of gather(), TotalTooLarge."""
    exponent(wish.currency)
    settings = get_selling_settings(session, store_id=store_id)
    inputs, options = gather(session, store_id=store_id, wish=wish, settings=settings, at=at)
    if sum(line.unit_amount * line.quantity for line in inputs.lines) > MOST:
        raise TotalTooLarge(most=MOST, field="items")
    return Calculation(wish, inputs, compute(inputs), options, settings)


def keep_quote(session: Session, *, store_id: UUID, found: Calculation, cart_id: UUID | None = None) -> Quote:
    """Keep what was calculated as a quote that holds for the store's quote_minutes."""
    at, wanted = found.inputs.at, wish_to_json(found.wish)
    trace = trace_to_text(found.inputs, found.priced, options=found.options)
    fields: dict[str, Any] = {
        "id": new_id(), "store_id": store_id, "cart_id": cart_id, "currency": found.wish.currency, "priced_at": at,
        "expires_at": at + timedelta(minutes=found.settings.quote_minutes),
        **{f"{name}_amount": amount for name, amount in vars(found.priced.totals).items()}}
    session.execute(_INSERT, {**fields, "wanted": json.dumps(wanted), "trace": trace})
    return Quote(**fields, wanted=wanted, trace=json.loads(trace))


def make_quote(
    session: Session, *, store_id: UUID, wish: CheckoutWish, at: datetime, cart_id: UUID | None = None
) -> Quote:
    """Say what the wish costs, and keep it. Errors: those of calculate()."""
    found = calculate(session, store_id=store_id, wish=wish, at=at)
    return keep_quote(session, store_id=store_id, found=found, cart_id=cart_id)


def wish_of_cart(session: Session, *, store_id: UUID, cart_id: UUID) -> CheckoutWish:
    """Return what a cart holds as a wish. Errors: CartNotFound."""
    cart = get_cart(session, store_id=store_id, cart_id=cart_id)
    items = list_cart_items(session, store_id=store_id, cart_ids=[cart_id])
    return CheckoutWish(
        currency=cart.currency, items=tuple(WishItem(item.variant_id, item.bundle_id, item.quantity) for item in items),
        customer_id=cart.customer_id, email=cart.email, visitor_id=cart.visitor_id, codes=tuple(cart.codes),
        shipping_address=cart.shipping_address, shipping_method=cart.shipping_method, locale=cart.locale)


def quote_cart(session: Session, *, store_id: UUID, cart_id: UUID, at: datetime) -> Quote:
    """Say what a cart costs, and keep it. Errors: CartNotFound, and those of calculate()."""
    wish = wish_of_cart(session, store_id=store_id, cart_id=cart_id)
    try:
        return make_quote(session, store_id=store_id, wish=wish, at=at, cart_id=cart_id)
    except IntegrityError as error:
        # Somebody has thrown it away meanwhile.
        if "quote_store_id_cart_id_fkey" in str(error.orig):
            raise CartNotFound(cart_id=cart_id) from None
        raise
