"""Reads of prices: what a unit costs somebody at a moment, and what it cost at the least before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.kit.money import exponent
from oltp.pricing.errors import PriceMissing
from oltp.pricing.resolving import LOWEST, RESOLVE
from oltp.pricing.rules import MOST, conversion_rate, convert

PriceSource = Literal["price", "list", "converted"]


@dataclass(frozen=True)
class PriceWish:
    """A variant and how many of it are bought: the quantity decides on the tier."""

    variant_id: UUID
    quantity: int


@dataclass(frozen=True)
class RateUsed:
    """What a price was converted by: `rate` of `quote` for one `base`, of that day, by that source.

    `via` names the currency that both were quoted against, where the source doesn't quote one against the other; the
    rows used are then those of `via` to each of them, of that day.
    """

    source: str
    base: str
    quote: str
    rated_on: date
    rate: Decimal
    via: str | None = None


@dataclass(frozen=True)
class ResolvedPrice:
    """What one unit costs. Amounts are minor units of `currency`, `base_amount` of `base_currency`.

    `source`: a price row; the list price, where no row applies; or one of them converted, then `rate` says how, and
    `price_id` is still the row it comes from.
    """

    variant_id: UUID
    product_id: UUID
    quantity: int
    amount: int
    currency: str
    compare_at_amount: int | None
    source: PriceSource
    price_id: UUID | None
    min_quantity: int
    segment_id: UUID | None
    rate: RateUsed | None = None
    base_amount: int | None = None
    base_currency: str | None = None


def resolve_prices(
    session: Session, *, store_id: UUID, wishes: Sequence[PriceWish], currency: str, customer_id: UUID | None,
    at: datetime,
) -> list[ResolvedPrice]:
    """Return what a unit of each wish costs the customer at that moment, in the order of the wishes, in one statement.

    A price row in the wanted currency comes first: variant before product, a segment of the customer before none, the
    highest quantity reached, then the lowest amount, then the id. Then the list price, if it is in that currency. Then,
    where the store converts, the same in the product's own currency, converted by the last rate known at that moment.
    Errors: InvalidCurrency; PriceMissing, naming the item, also where there is no such variant.
    """
    found = _resolve(session, store_id=store_id, wishes=wishes, currency=currency, customer_id=customer_id, at=at)
    return [_price(wish, found.get(place), currency=currency, place=place) for place, wish in enumerate(wishes)]


def find_prices(
    session: Session, *, store_id: UUID, wishes: Sequence[PriceWish], currency: str, customer_id: UUID | None,
    at: datetime,
) -> list[ResolvedPrice | None]:
    """As resolve_prices(), with None for what has no price; for showing, where one thing must not hide the others."""
    found = _resolve(session, store_id=store_id, wishes=wishes, currency=currency, customer_id=customer_id, at=at)
    prices: list[ResolvedPrice | None] = []
    for place, wish in enumerate(wishes):
        try:
            prices.append(_price(wish, found.get(place), currency=currency, place=place))
        except PriceMissing:
            prices.append(None)
    return prices


def _resolve(
    session: Session, *, store_id: UUID, wishes: Sequence[PriceWish], currency: str, customer_id: UUID | None,
    at: datetime,
) -> dict[int, Row[Any]]:
    exponent(currency)
    rows = session.execute(text(RESOLVE), {
        "store": store_id, "variants": [wish.variant_id for wish in wishes], "currency": currency, "at": at,
        "quantities": [wish.quantity for wish in wishes], "customer": customer_id})
    return {row.place: row for row in rows}


def _price(wish: PriceWish, row: Row[Any] | None, *, currency: str, place: int) -> ResolvedPrice:
    """Return the price a row tells of. Errors: PriceMissing."""
    missing = PriceMissing(variant_id=wish.variant_id, currency=currency, field=f"items.{place}.variant_id")
    if row is None or row.amount is None:
        raise missing
    source: PriceSource = "list" if row.price_id is None else "price"
    amount, compare_at, rate = row.amount, row.compare_at_amount, None
    if row.currency != currency:
        rate, source = _rate(row, quote=currency), "converted"
        if rate is None:
            raise missing
        amount = convert(amount, rate=rate.rate, base=row.currency, quote=currency)
        compare_at = None if compare_at is None else convert(
            compare_at, rate=rate.rate, base=row.currency, quote=currency)
        if max(amount, compare_at or 0) > MOST:
            raise missing
    return ResolvedPrice(
        variant_id=wish.variant_id, product_id=row.product_id, quantity=wish.quantity, amount=amount,
        currency=currency, compare_at_amount=compare_at, source=source, price_id=row.price_id,
        min_quantity=row.min_quantity, segment_id=row.segment_id, rate=rate,
        base_amount=None if rate is None else row.amount, base_currency=None if rate is None else row.currency)


def _rate(row: Row[Any], *, quote: str) -> RateUsed | None:
    if row.rated_on is None:
        return None
    rate = conversion_rate(of_quote=row.of_quote, of_base=row.of_base)
    return RateUsed(row.rate_source, row.currency, quote, row.rated_on, rate, row.via)


def lowest_prices(
    session: Session, *, store_id: UUID, variant_ids: Sequence[UUID], currency: str, at: datetime, days: int = 30,
) -> dict[UUID, int]:
    """Return the lowest price anybody paid for one piece in the `days` before what holds `at` began, in one statement.

    It is what an announced reduction must be compared with (Directive 98/6/EC, article 6a): the reduced price itself
    doesn't count, so the days end where the price of `at` began. Prices of segments and of larger quantities are not
    prices for everybody. A variant's own price hides its product's. A variant that had no price before has the one it
    has now; one that never had any is not in the answer. Errors: InvalidCurrency.
    """
    exponent(currency)
    rows = session.execute(text(LOWEST), {
        "store": store_id, "variants": list(variant_ids), "currency": currency, "at": at, "days": days})
    return {row.variant_id: row.amount for row in rows}
