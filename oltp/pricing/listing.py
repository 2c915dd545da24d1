"""Listings of pricing: price rows, what the variants of a product cost somebody, currency rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from oltp.pricing.errors import PricedProductUnknown, PriceUnknown
from oltp.pricing.models import CurrencyRate, ProductPrice
from oltp.pricing.queries import PriceWish, ResolvedPrice, find_prices, lowest_prices

# Each branch walks an index of its own; one condition over both would read every price of the store.
_OF_PRODUCT = text("""
    SELECT r.id FROM product_price r WHERE r.store_id = :store AND r.product_id = :product AND r.product_id IS NOT NULL
    UNION ALL
    SELECT r.id FROM product_variants v JOIN product_price r ON r.store_id = v.store_id AND r.variant_id = v.id
      AND r.variant_id IS NOT NULL WHERE v.store_id = :store AND v.product_id = :product""").columns(ProductPrice.id)


def get_price(session: Session, *, store_id: UUID, price_id: UUID) -> ProductPrice:
    """Return a price row as it is now. Errors: PriceUnknown."""
    row = session.scalar(
        select(ProductPrice).where(ProductPrice.store_id == store_id, ProductPrice.id == price_id),
        execution_options={"populate_existing": True})
    if row is None:
        raise PriceUnknown(price_id=price_id)
    return row


def list_prices(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None = None, product_id: UUID | None = None,
    variant_id: UUID | None = None, currency: str | None = None,
) -> list[ProductPrice]:
    """Return a page of price rows by id; `product_id`: those of the product and of its variants."""
    statement = select(ProductPrice).where(ProductPrice.store_id == store_id)
    if product_id is not None:
        statement = statement.where(ProductPrice.id.in_(
            _OF_PRODUCT.bindparams(store=store_id, product=product_id).subquery().select()))
    if variant_id is not None:
        statement = statement.where(ProductPrice.variant_id == variant_id)
    if currency is not None:
        statement = statement.where(ProductPrice.currency == currency)
    if after is not None:
        statement = statement.where(ProductPrice.id > after)
    return list(session.scalars(statement.order_by(ProductPrice.id).limit(limit)))


@dataclass(frozen=True)
class VariantPrice:
    """What a variant costs. Without a price it can't be bought in that currency."""

    variant_id: UUID
    sku: str
    currency: str
    price: ResolvedPrice | None
    lowest_amount: int | None


# One row at least, where there is such a product: the moment stands in it.
_VARIANTS = text("""
    SELECT coalesce(CAST(:at AS timestamptz), now()) AS at, coalesce(:currency, p.currency) AS currency, v.id, v.sku
    FROM products p LEFT JOIN LATERAL (
      SELECT v.id, v.sku FROM product_variants v WHERE v.store_id = p.store_id AND v.product_id = p.id
        AND v.deleted_at IS NULL AND (CAST(:after AS uuid) IS NULL OR v.id > CAST(:after AS uuid))
      ORDER BY v.id LIMIT :limit) v ON true
    WHERE p.store_id = :store AND p.id = :product AND p.deleted_at IS NULL ORDER BY v.id""")


def list_variant_prices(
    session: Session, *, store_id: UUID, product_id: UUID, currency: str | None, customer_id: UUID | None,
    quantity: int, at: datetime | None, limit: int, after: UUID | None = None,
) -> list[VariantPrice]:
    """Return a page of a product's variants by id, with what each costs at `at` (now), in three statements.

    Without `currency` in the product's own. `lowest_amount` is that of lowest_prices().
    Errors: PricedProductUnknown, InvalidCurrency.
    """
    rows = session.execute(_VARIANTS, {
        "store": store_id, "product": product_id, "currency": currency, "at": at, "after": after,
        "limit": limit}).all()
    if not rows:
        raise PricedProductUnknown(product_id=product_id)
    variants = [row for row in rows if row.id is not None]
    prices = find_prices(
        session, store_id=store_id, wishes=[PriceWish(row.id, quantity) for row in variants],
        currency=rows[0].currency, customer_id=customer_id, at=rows[0].at)
    lowest: Mapping[UUID, int] = lowest_prices(
        session, store_id=store_id, variant_ids=[row.id for row in variants], currency=rows[0].currency,
        at=rows[0].at)
    return [VariantPrice(row.id, row.sku, row.currency, price, lowest.get(row.id))
            for row, price in zip(variants, prices, strict=True)]


RateKey = tuple[str, str, str, date]


def list_currency_rates(
    session: Session, *, limit: int, after: RateKey | None = None, source: str | None = None, base: str | None = None,
    quote: str | None = None, since: date | None = None,
) -> list[CurrencyRate]:
    """Return a page of rates by source, base, quote and day; `since`: of that day and later ones."""
    key = (CurrencyRate.source, CurrencyRate.base, CurrencyRate.quote, CurrencyRate.rated_on)
    statement = select(CurrencyRate)
    for column, value in ((CurrencyRate.source, source), (CurrencyRate.base, base), (CurrencyRate.quote, quote)):
        if value is not None:
            statement = statement.where(column == value)
    if since is not None:
        statement = statement.where(CurrencyRate.rated_on >= since)
    if after is not None:
        statement = statement.where(tuple_(*key) > after)
    return list(session.scalars(statement.order_by(*key).limit(limit)))
