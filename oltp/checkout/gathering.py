"""Gathers what a total is made from: a fixed number of statements, however many lines a cart has."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.checkout.errors import CustomerUnknown, NotShippable, ShippingMethodUnknown
from oltp.checkout.goods import NOWHERE, Belonging, Piece, find_belonging, list_pieces
from oltp.checkout.inputs import ConversionUsed, PriceUsed, QuoteBundle, QuoteInputs, QuoteLine, TaxUsed
from oltp.checkout.totals import before_shipping
from oltp.checkout.wishes import CheckoutWish
from oltp.customers.queries import segments_of_customer
from oltp.inventory.rules import sum_demand
from oltp.orders.queries import is_first_order
from oltp.pricing.errors import PriceMissing
from oltp.pricing.queries import PriceWish, ResolvedPrice, resolve_prices
from oltp.pricing.tax_queries import TaxTable, get_tax_table
from oltp.promotions.queries import list_active_rules
from oltp.promotions.rules import ActiveRule
from oltp.shipping.quoting import quote_shipping
from oltp.shipping.rules import ShippableLine, ShippingOption
from oltp.tenancy.queries import Selling

_NOBODY: frozenset[UUID] = frozenset()


def gather(
    session: Session, *, store_id: UUID, wish: CheckoutWish, settings: Selling, at: datetime,
) -> tuple[QuoteInputs, list[ShippingOption]]:
    """Return what the wish's total is made from at that moment, and what shipping could have been chosen.

    Errors: NothingWanted, NotForSale, PriceMissing, CustomerUnknown, ShippingMethodUnknown, NotShippable,
    InvalidCurrency, each naming its field.
    """
    pieces = list_pieces(session, store_id=store_id, items=wish.items)
    prices = _prices(session, store_id=store_id, wish=wish, pieces=pieces, at=at)
    rules = list_active_rules(
        session, store_id=store_id, currency=wish.currency, codes=wish.codes, at=at, customer_id=wish.customer_id,
        email=wish.contact)
    country, region = wish.place()
    taxes = get_tax_table(session, store_id=store_id, country=country, region=region)
    belonging = find_belonging(session, store_id=store_id, pieces=pieces) if rules else NOWHERE
    lines = [_line(str(place), piece, price, taxes, belonging)
             for place, (piece, price) in enumerate(zip(pieces, prices, strict=True), 1)]
    segments, is_first = _person(session, store_id=store_id, wish=wish, rules=rules, at=at)
    inputs = QuoteInputs(
        currency=wish.currency, at=at, includes_tax=settings.prices_include_tax,
        mode="best_deal" if settings.promotion_mode == "best_deal" else "stack", country=country, region=region,
        segment_ids=segments, is_first_order=is_first, is_identified=bool(wish.customer_id or wish.contact),
        codes=wish.codes, lines=tuple(lines), bundles=_bundles(pieces, lines), rules=tuple(rules), shipping=None,
        shipping_rate=taxes.shipping_rate())
    options = _options(session, store_id=store_id, inputs=inputs)
    return replace(inputs, shipping=_choose(options, wish.shipping_method)), options


def _prices(
    session: Session, *, store_id: UUID, wish: CheckoutWish, pieces: Sequence[Piece], at: datetime,
) -> list[ResolvedPrice]:
    # A tier is reached by all there is of a variant in the cart, on whichever lines.
    demand = sum_demand((piece.goods.variant_id, piece.quantity) for piece in pieces)
    wishes = [PriceWish(variant_id=key, quantity=quantity) for key, quantity in demand.items()]
    try:
        found = resolve_prices(session, store_id=store_id, wishes=wishes, currency=wish.currency,
                               customer_id=wish.customer_id, at=at)
    except PriceMissing as missing:
        # Its field counts the wishes; the caller counts the items of his cart.
        variant = wishes[int(str(missing.field).split(".")[1])].variant_id
        item = next(piece for piece in pieces if piece.goods.variant_id == variant)
        name = "variant_id" if item.bundle is None else "bundle_id"
        raise PriceMissing(**{**missing.facts, "field": f"items.{item.item}.{name}"}) from None
    by_variant = {price.variant_id: price for price in found}
    return [by_variant[piece.goods.variant_id] for piece in pieces]


def _line(line_id: str, piece: Piece, price: ResolvedPrice, taxes: TaxTable, belonging: Belonging) -> QuoteLine:
    goods, tax, rate = piece.goods, taxes.rate_for(piece.goods.tax_class), price.rate
    collections, categories = belonging.of(goods)
    conversion = None if rate is None else ConversionUsed(
        rate.source, rate.base, rate.quote, str(rate.rated_on), rate.rate, rate.via, price.base_amount,
        price.base_currency)
    return QuoteLine(
        line_id=line_id, product_id=goods.product_id, variant_id=goods.variant_id,
        bundle_id=piece.bundle.bundle_id if piece.bundle else None, product_name=goods.product_name,
        variant_name=goods.variant_name, sku=goods.sku, image=goods.image, quantity=piece.quantity,
        unit_amount=price.amount, tax=TaxUsed(tax.id, tax.name, tax.rate), profile_id=goods.profile_id,
        weight_grams=goods.weight_grams, collection_ids=collections, category_ids=categories,
        price=PriceUsed(price.source, price.price_id, price.min_quantity, price.segment_id, price.compare_at_amount,
                        conversion))


def _bundles(pieces: Sequence[Piece], lines: Sequence[QuoteLine]) -> tuple[QuoteBundle, ...]:
    found: dict[int, QuoteBundle] = {}
    for piece, line in zip(pieces, lines, strict=True):
        if piece.bundle is not None:
            before = found.get(piece.item, QuoteBundle(piece.bundle, piece.bundle_quantity, ()))
            found[piece.item] = replace(before, lines=(*before.lines, line.line_id))
    return tuple(found.values())


def _person(
    session: Session, *, store_id: UUID, wish: CheckoutWish, rules: Sequence[ActiveRule], at: datetime,
) -> tuple[frozenset[UUID], bool]:
    """Return the customer's segments and whether it is his first order; asked only where promotions may want to know.

    Errors: CustomerUnknown.
    """
    if wish.customer_id is not None and not session.scalar(
            text("SELECT EXISTS (SELECT FROM customers WHERE store_id = :store AND id = :id AND deleted_at IS NULL)"),
            {"store": store_id, "id": wish.customer_id}):
        raise CustomerUnknown(customer_id=wish.customer_id, field="customer_id")
    if not rules:
        return _NOBODY, False
    segments = _NOBODY if wish.customer_id is None else segments_of_customer(
        session, store_id=store_id, customer_id=wish.customer_id, at=at)
    return segments, is_first_order(session, store_id=store_id, customer_id=wish.customer_id, email=wish.contact)


def _options(session: Session, *, store_id: UUID, inputs: QuoteInputs) -> list[ShippingOption]:
    # Rates by price look at what the goods cost after their discounts; what shipping costs decides on none of those.
    amounts = before_shipping(inputs)
    return quote_shipping(
        session, store_id=store_id, country=inputs.country, region=inputs.region, currency=inputs.currency, lines=[
            ShippableLine(product_id=line.product_id, profile_id=line.profile_id, weight_grams=line.weight_grams,
                          quantity=line.quantity, amount=amounts[line.line_id]) for line in inputs.lines])


def _choose(options: Sequence[ShippingOption], wanted: str | None) -> ShippingOption:
    if not options:
        raise NotShippable(field="shipping_address")
    chosen = options[0] if wanted is None else next((each for each in options if each.name == wanted), None)
    if chosen is None:
        raise ShippingMethodUnknown(
            wanted=wanted, offered=", ".join(option.name for option in options), field="shipping_method")
    return chosen
