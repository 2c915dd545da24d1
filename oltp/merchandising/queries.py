"""Reads of merchandising: the listing of a store's products, with price and availability as its readers see them."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.catalog.rules import locale_chain
from oltp.kit.money import exponent
from oltp.pricing.queries import ResolvedPrice, price_from
from oltp.pricing.resolving import FOUND, FOUND_COLUMNS, LISTED, RATES, WANTED

# (created_at, id) of the last product before the page; in a collection (position, id).
Place = tuple[datetime, UUID] | tuple[int, UUID]


@dataclass(frozen=True)
class ListingFilter:
    """Which products are wanted; category, brand and collection by slug, None for any."""

    status: str | None = "ACTIVE"
    category: str | None = None
    brand: str | None = None
    collection: str | None = None


@dataclass(frozen=True)
class ListedProduct:
    """A product of a page. `place` is what the page is ordered by; amounts are minor units of `currency`.

    `price` tells why it is this price, where somebody's price was asked for; without `price_amount` it can't be bought
    in the wanted currency.
    """

    id: UUID
    sku: str
    name: str
    slug: str
    short_description: str | None
    status: str
    currency: str
    price_amount: int | None
    compare_at_amount: int | None
    category_slug: str | None
    category_name: str | None
    brand_slug: str | None
    brand_name: str | None
    thumbnail_url: str | None
    is_available: bool
    is_featured: bool
    created_at: datetime
    updated_at: datetime
    place: datetime | int
    price: ResolvedPrice | None = None


# The page is cut first: prices, stock and names are looked up for its rows only.
_PAGE = """
WITH page AS MATERIALIZED ({page}){more}
SELECT p.id, p.sku, p.status, p.thumbnail_url, p.is_featured, p.created_at, p.updated_at, page.place,
       {columns}, {price_columns},
       product_is_available(p.store_id, p.id) AS is_available
FROM page
CROSS JOIN (
  SELECT capability_reached(:store, 'pricing', 'read_new') AS reads_new,
         cardinality(CAST(:locales AS text[])) > 0 AND capability_reached(:store, 'i18n', 'read_new') AND EXISTS (
           SELECT FROM feature_flag WHERE store_id = :store AND name = 'i18n' AND is_enabled) AS translates) step
JOIN products p ON p.store_id = :store AND p.id = page.id
LEFT JOIN categories c ON c.store_id = p.store_id AND c.id = p.category_id
LEFT JOIN brands b ON b.store_id = p.store_id AND b.id = p.brand_id
{price}
{words}
ORDER BY {order}
"""
_PLAIN_COLUMNS = """p.currency,
       CASE WHEN step.reads_new THEN coalesce(price.amount, p.price_amount) ELSE p.price_amount END AS price_amount,
       CASE WHEN step.reads_new AND price.amount IS NOT NULL THEN price.compare_at_amount
            ELSE p.compare_at_amount END AS compare_at_amount"""
_PLAIN = """LEFT JOIN LATERAL (
  SELECT amount, compare_at_amount FROM product_price r
  WHERE r.store_id = p.store_id AND r.product_id = p.id AND r.currency = p.currency AND r.segment_id IS NULL
    AND r.min_quantity = 1 AND r.during @> now() LIMIT 1) price ON true"""
# Somebody's price is that of one piece of the default variant, as the cart would have it.
_SOMEBODY_WITH = f""", {WANTED.format(at="now()")},
sold AS MATERIALIZED (
  SELECT p.id AS product_id, v.id AS variant_id, 1 AS quantity, coalesce(CAST(:currency AS text), p.currency) AS wants,
    {LISTED}
  FROM page JOIN products p ON p.store_id = :store AND p.id = page.id
  LEFT JOIN LATERAL (
    SELECT v.id, v.price_amount, v.compare_at_amount, v.currency FROM product_variants v
    WHERE v.store_id = p.store_id AND v.product_id = p.id AND v.deleted_at IS NULL
    ORDER BY v.is_default DESC, v.id LIMIT 1) v ON true),
"""
# In the products' own currencies nothing is converted, and rates need not be planned for.
_NO_RATES = "rates AS (SELECT '' AS currency, now() AS rated_on, 1 AS of_quote, 1 AS of_base, '' AS via WHERE false)"
_SOMEBODY_COLUMNS = f"sold.product_id, sold.variant_id, sold.quantity, sold.wants, {FOUND_COLUMNS}"
_SOMEBODY = f"JOIN sold ON sold.product_id = p.id CROSS JOIN wanted {FOUND}"
# The words of the most particular locale there are any for.
_WORDS = """LEFT JOIN LATERAL (
  SELECT * FROM {noun}_translation t
  WHERE step.translates AND t.store_id = p.store_id AND t.{noun}_id = {key} AND t.deleted_at IS NULL
    AND t.locale = ANY(CAST(:locales AS text[]))
  ORDER BY array_position(CAST(:locales AS text[]), t.locale) LIMIT 1) {alias} ON true"""
_TRANSLATED = "\n".join(
    _WORDS.format(noun=noun, key=f"{alias}.id", alias=f"{alias}t")
    for noun, alias in (("product", "p"), ("category", "c"), ("brand", "b")))
# Column of the answer → whose word it is.
_OWN_WORDS = {
    "name": "p.name", "slug": "p.slug", "short_description": "p.short_description", "category_slug": "c.slug",
    "category_name": "c.name", "brand_slug": "b.slug", "brand_name": "b.name"}


def _columns(*, translated: bool) -> str:
    def word(own: str) -> str:
        alias, name = own.split(".")
        return f"coalesce({alias}t.{name}, {own})" if translated else own

    return ", ".join(f"{word(own)} AS {column}" for column, own in _OWN_WORDS.items())


_NEWEST = """
  SELECT p.id, p.created_at AS place FROM products p
  WHERE p.store_id = :store AND p.deleted_at IS NULL {filters} {seek}
  ORDER BY p.created_at DESC, p.id DESC LIMIT :limit"""
# Place by place, each product looked up alone: joined as a whole, the planner would read every product of the store
# to show a page of a collection. OFFSET 0 keeps the lookup from being folded back into the join.
_BY_HAND = """
  SELECT p.id, m.position AS place FROM collection_product m
  CROSS JOIN LATERAL (
    SELECT p.id FROM products p
    WHERE p.store_id = m.store_id AND p.id = m.product_id AND p.deleted_at IS NULL {filters} OFFSET 0) p
  WHERE m.store_id = :store AND m.collection_id = (
    SELECT id FROM collection WHERE store_id = :store AND slug = :collection AND deleted_at IS NULL AND is_published)
    {seek}
  ORDER BY m.position, m.product_id LIMIT :limit"""
_FILTERS = {
    "status": "AND p.status = CAST(:status AS product_status)",
    "category": """AND p.category_id = (SELECT id FROM categories
                     WHERE store_id = :store AND slug = :category AND deleted_at IS NULL)""",
    "brand": """AND p.brand_id = (SELECT id FROM brands
                  WHERE store_id = :store AND slug = :brand AND deleted_at IS NULL)""",
}


def list_products(
    session: Session, *, store_id: UUID, wanted: ListingFilter, after: Place | None, limit: int,
    locale: str | None = None, currency: str | None = None, customer_id: UUID | None = None,
) -> list[ListedProduct]:
    """Return a page of products that are not deleted, in one statement: newest first, a collection in its own order.

    `after` is the `place` and id of the last product of the previous page. The price is the list price of the
    product's currency that holds now; with `currency` or `customer_id` it is what resolve_prices() says of one piece of
    the default variant. Words are those of `locale`, where the store translates, else the store's own.
    Errors: LocaleInvalid, InvalidCurrency.
    """
    if currency is not None:
        exponent(currency)
    given = {name: getattr(wanted, name) for name in ("status", "category", "brand", "collection")}
    place, last = after if after is not None else (None, None)
    is_somebodys = currency is not None or customer_id is not None
    statement = _statement(
        filters=[clause for name, clause in _FILTERS.items() if given[name] is not None],
        in_collection=wanted.collection is not None, goes_on=after is not None, translated=locale is not None,
        rates=None if not is_somebodys else _NO_RATES if currency is None else RATES)
    rows = session.execute(text(statement), {
        **given, "store": store_id, "limit": limit, "place": place, "last": last, "currency": currency,
        "customer": customer_id, "locales": [] if locale is None else locale_chain(locale)})
    return [_somebodys(row) if is_somebodys else ListedProduct(**row._mapping) for row in rows]


def _statement(
    *, filters: list[str], in_collection: bool, goes_on: bool, translated: bool, rates: str | None
) -> str:
    """Return the statement; `rates` is the CTE of rates where somebody's prices are wanted."""
    if in_collection:
        page, order = _BY_HAND, "page.place, page.id"
        seek = "AND (m.position, m.product_id) > (:place, :last)"
    else:
        page, order = _NEWEST, "page.place DESC, page.id DESC"
        seek = "AND (p.created_at, p.id) < (:place, :last)"
    more, price_columns, price = (
        ("", _PLAIN_COLUMNS, _PLAIN) if rates is None
        else (_SOMEBODY_WITH + rates, _SOMEBODY_COLUMNS, _SOMEBODY))
    return _PAGE.format(
        page=page.format(filters=" ".join(filters), seek=seek if goes_on else ""), order=order,
        columns=_columns(translated=translated), words=_TRANSLATED if translated else "",
        more=more, price_columns=price_columns, price=price)


_PRICED = {"price", "price_amount", "compare_at_amount", "currency"}
_NAMES = frozenset(each.name for each in fields(ListedProduct)) - _PRICED


def _somebodys(row: Row[Any]) -> ListedProduct:
    # Without a variant there is nothing to buy.
    price = None if row.variant_id is None else price_from(row)
    return ListedProduct(
        **{name: row._mapping[name] for name in _NAMES}, currency=row.wants, price=price,
        price_amount=None if price is None else price.amount,
        compare_at_amount=None if price is None else price.compare_at_amount)
