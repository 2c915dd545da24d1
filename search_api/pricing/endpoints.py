"""Pricing: price rows, what a product costs somebody, currency rates; taxes stand in their own file."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from oltp.pricing.actions import end_price, set_price
from oltp.pricing.listing import RateKey, get_price, list_currency_rates, list_prices, list_variant_prices
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor
from search_api.pricing import taxes
from search_api.pricing.schemas import (
    CurrencyRateAnswer,
    Moment,
    NewPrice,
    PriceRow,
    VariantPriceAnswer,
    currency_rate,
    price_row,
    variant_price,
)
from search_api.schemas import CurrencyCode, Line, Quantity

router = APIRouter(tags=["pricing"], route_class=KeyedRoute)
router.include_router(taxes.router)

Reader = Annotated[Caller, Depends(require("product.read"))]
Manager = Annotated[Caller, Depends(require("price.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Code = Annotated[CurrencyCode | None, Query(description="ISO 4217.")]


@router.get("/v1/prices", summary="List price rows, oldest first")
def get_prices(
    caller: Manager, session: StoreSession,
    product_id: Annotated[UUID | None, Query(description="Rows of the product and of its variants.")] = None,
    variant_id: UUID | None = None, currency: Code = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[PriceRow]:
    """Return a page of the store's price rows, past and planned ones too."""
    rows = list_prices(
        session, store_id=caller.store_id, product_id=product_id, variant_id=variant_id, currency=currency,
        after=taxes.read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[PriceRow](items=[price_row(row) for row in rows[:limit]], next=more)


@router.post("/v1/prices", status_code=201, summary="Set a price")
def post_price(caller: Manager, session: StoreSession, clock: CurrentClock, body: NewPrice) -> PriceRow:
    """Set a price from `effective_at` until `expires_at`. What it covers of other windows gives way.

    Past windows can't be changed: they are what customers were shown.
    """
    values = body.model_dump(exclude={"price"})
    price_id = set_price(session, store_id=caller.store_id, amount=body.price.amount, currency=body.price.currency,
                         clock=clock, **values)
    return price_row(get_price(session, store_id=caller.store_id, price_id=price_id))


@router.get("/v1/prices/{price_id}", summary="Read a price row")
def get_one_price(caller: Manager, session: StoreSession, price_id: UUID) -> PriceRow:
    """Return a price row."""
    return price_row(get_price(session, store_id=caller.store_id, price_id=price_id))


@router.delete("/v1/prices/{price_id}", status_code=204, summary="End a price")
def delete_price(caller: Manager, session: StoreSession, clock: CurrentClock, price_id: UUID) -> None:
    """End a price that holds now, or take back a planned one. One that has ended stays as it was."""
    end_price(session, store_id=caller.store_id, price_id=price_id, clock=clock)


@router.get("/v1/products/{product_id}/prices", summary="Read what a product costs somebody")
def get_product_prices(
    caller: Reader, session: StoreSession, product_id: UUID, currency: Code = None,
    customer_id: Annotated[UUID | None, Query(description="Prices of the customer's segments count too.")] = None,
    quantity: Annotated[Quantity, Query(description="How many are bought.")] = 1,
    at: Annotated[Moment | None, Query(description="The moment asked for; now.")] = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[VariantPriceAnswer]:
    """Return a page of the product's variants, each with its price, what it is compared with, and its lowest price."""
    rows = list_variant_prices(
        session, store_id=caller.store_id, product_id=product_id, currency=currency, customer_id=customer_id,
        quantity=quantity, at=at, after=taxes.read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].variant_id)]) if len(rows) > limit else None
    return Page[VariantPriceAnswer](items=[variant_price(row) for row in rows[:limit]], next=more)


@router.get("/v1/currency-rates", summary="List currency rates")
def get_currency_rates(
    caller: Reader, session: StoreSession, source: Annotated[Line | None, Query(description="E.g. ecb.")] = None,
    base: Code = None, quote: Code = None,
    since: Annotated[date | None, Query(description="Rates of this day and later ones.")] = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[CurrencyRateAnswer]:
    """Return a page of rates by source, base, quote and day. They are the same for every store."""
    rows = list_currency_rates(
        session, source=source, base=base, quote=quote, since=since, limit=limit + 1,
        after=None if cursor is None else _read_key(cursor))
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]
        more = encode_cursor([last.source, last.base, last.quote, last.rated_on.isoformat()])
    return Page[CurrencyRateAnswer](items=[currency_rate(row) for row in rows[:limit]], next=more)


def _read_key(cursor: str) -> RateKey:
    """Return the key a cursor stands for. Errors: InvalidCursor."""
    source, base, quote, day = decode_cursor(cursor, length=4)
    try:
        key = source, base, quote, date.fromisoformat(day)
        "".join(key[:3]).encode("utf-8")
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if "\x00" in "".join(key[:3]):
        raise InvalidCursor(field="cursor")
    return key
