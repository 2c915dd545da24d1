"""Catalog: the products of the caller's store."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from oltp.merchandising.queries import ListedProduct, ListingFilter, Place, list_products
from search_api.catalog import attributes, brands, categories, images, products, translations, variants
from search_api.catalog.schemas import ProductItem, ProductStatus, product_item
from search_api.dependencies import Caller, StoreSession, require
from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor
from search_api.schemas import CurrencyCode

router = APIRouter(tags=["catalog"])
for _part in (products, variants, images, categories, brands, attributes, translations):
    router.include_router(_part.router)

_SLUG = Query(max_length=200, description="Slug of the category, brand or collection.")


@router.get("/v1/products", summary="List products, newest first; a collection in its own order")
def get_products(
    caller: Annotated[Caller, Depends(require("product.read"))], session: StoreSession,
    status: ProductStatus = "ACTIVE", category: Annotated[str | None, _SLUG] = None,
    brand: Annotated[str | None, _SLUG] = None, collection: Annotated[str | None, _SLUG] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
    locale: Annotated[str | None, Query(max_length=20, description="Language of the words, e.g. de-CH.")] = None,
    currency: Annotated[CurrencyCode | None, Query(description="Currency of the prices; each product's own.")] = None,
    customer_id: Annotated[UUID | None, Query(description="Prices of the customer's segments count too.")] = None,
) -> Page[ProductItem]:
    """Return a page of the store's products that are not deleted.

    With `currency` or `customer_id`, prices are what one piece of the default variant costs in a cart.
    """
    wanted = ListingFilter(status=status, category=category, brand=brand, collection=collection)
    after = None if cursor is None else _read_cursor(cursor, in_collection=collection is not None)
    # One row more than asked for tells whether there is a next page.
    rows = list_products(
        session, store_id=caller.store_id, wanted=wanted, after=after, limit=limit + 1, locale=locale,
        currency=currency, customer_id=customer_id)
    more = _cursor_of(rows[limit - 1]) if len(rows) > limit else None
    return Page[ProductItem](items=[product_item(row) for row in rows[:limit]], next=more)


def _cursor_of(row: ListedProduct) -> str:
    place = row.place
    return encode_cursor([place.isoformat() if isinstance(place, datetime) else str(place), str(row.id)])


def _read_cursor(cursor: str, *, in_collection: bool) -> Place:
    """Return the place a cursor stands for; a cursor of the other order is refused like any that nobody gave out."""
    place, product_id = decode_cursor(cursor, length=2)
    try:
        key = UUID(product_id)
        if in_collection:
            return _position(place), key
        moment = datetime.fromisoformat(place)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if moment.tzinfo is None:
        raise InvalidCursor(field="cursor")
    return moment, key


def _position(place: str) -> int:
    # Longer numbers are no position of ours, and the database could not take them.
    if not place.isascii() or not place.isdigit() or len(place) > 9:
        raise ValueError(place)
    return int(place)
