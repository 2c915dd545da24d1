"""Reads of prices: what a unit costs somebody at a moment, and what it cost at the least before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    found = find_prices(
        session, store_id=store_id, wishes=wishes, currency=currency, customer_id=customer_id, at=at)
    prices = [price for price in found if price is not None]
    if len(prices) < len(found):
        place = found.index(None)
        raise PriceMissing(
            variant_id=wishes[place].variant_id, currency=currency, field=f"items.{place}.variant_id")
    return prices


def find_prices(
    session: Session, *, store_id: UUID, wishes: Sequence[PriceWish], currency: str, customer_id: UUID | None,
    at: datetime,
) -> list[ResolvedPrice | None]:
    """As resolve_prices(), with None for what has no price; for showing, where one thing must not hide the others."""
    exponent(currency)
    rows = session.execute(text(RESOLVE), {
        "store": store_id, "variants": [wish.variant_id for wish in wishes], "currency": currency, "at": at,
        "quantities": [wish.quantity for wish in wishes], "customer": customer_id})
    found = {row.place: row for row in rows}
    return [price_from(found[place]) if place in found else None for place in range(len(wishes))]


def price_from(row: Row[Any]) -> ResolvedPrice | None:
    """Return the price that a row with FOUND_COLUMNS tells of, converted if need be; None where there is none."""
    if row.amount is None:
        return None
    found = ResolvedPrice(
        variant_id=row.variant_id, product_id=row.product_id, quantity=row.quantity, amount=row.amount,
        currency=row.found_currency, compare_at_amount=row.compare_at,
        source="list" if row.price_id is None else "price", price_id=row.price_id, min_quantity=row.min_quantity,
        segment_id=row.segment_id)
    return found if row.found_currency == row.wants else _converted(found, rate=_rate_of(row))


def _converted(price: ResolvedPrice, *, rate: RateUsed | None) -> ResolvedPrice | None:
    """Return the price in the rate's quoted currency; None without a rate, or where no column holds the amount."""
    if rate is None:
        return None
    amount, compare_at = (
        None if each is None else convert(each, rate=rate.rate, base=rate.base, quote=rate.quote)
        for each in (price.amount, price.compare_at_amount))
    if amount is None or max(amount, compare_at or 0) > MOST:
        return None
    return replace(price, amount=amount, compare_at_amount=compare_at, currency=rate.quote, source="converted",
                   rate=rate, base_amount=price.amount, base_currency=price.currency)


def _rate_of(row: Row[Any]) -> RateUsed | None:
    if row.rated_on is None:
        return None
    rate = conversion_rate(of_quote=row.of_quote, of_base=row.of_base)
    return RateUsed(row.rate_source, row.found_currency, row.wants, row.rated_on, rate, row.via)


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
