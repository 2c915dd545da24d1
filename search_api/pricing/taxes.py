"""Taxes, and how the store sells."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.pricing import tax_actions, tax_queries
from oltp.pricing.tax_models import TaxRate
from oltp.tenancy.actions import change_selling_settings
from oltp.tenancy.queries import get_selling_settings
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor
from search_api.pricing.tax_schemas import (
    NewTaxRate,
    SellingChanges,
    SellingSettings,
    TaxRateAnswer,
    TaxRateChanges,
    selling_answer,
    tax_rate_answer,
)
from search_api.schemas import CountryCode

router = APIRouter(route_class=KeyedRoute)

Manager = Annotated[Caller, Depends(require("settings.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


def read_id(cursor: str | None) -> UUID | None:
    """Return the id that a cursor stands for, if one was given. Errors: InvalidCursor."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, length=1)[0])
    except ValueError:
        raise InvalidCursor(field="cursor") from None


@router.get("/v1/tax-rates", summary="List tax rates, oldest first")
def get_tax_rates(
    caller: Manager, session: StoreSession, country: Annotated[CountryCode | None, Query()] = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[TaxRateAnswer]:
    """Return a page of the store's tax rates."""
    rows = tax_queries.list_tax_rates(
        session, store_id=caller.store_id, country=country, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[TaxRateAnswer](items=[tax_rate_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/tax-rates", status_code=201, summary="Add a tax rate")
def post_tax_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: NewTaxRate, response: Response
) -> TaxRateAnswer:
    """Add a tax rate; one a country, region and tax class."""
    made = tax_actions.create_tax_rate(session, store_id=caller.store_id, fields=body.fields(), clock=clock)
    return _answer(made, response)


@router.get("/v1/tax-rates/{tax_rate_id}", summary="Read a tax rate")
def get_tax_rate(caller: Manager, session: StoreSession, tax_rate_id: UUID, response: Response) -> TaxRateAnswer:
    """Return a tax rate, with its ETag."""
    found = tax_queries.get_tax_rate(session, store_id=caller.store_id, tax_rate_id=tax_rate_id)
    return _answer(found, response)


@router.patch("/v1/tax-rates/{tax_rate_id}", summary="Change a tax rate")
def patch_tax_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, tax_rate_id: UUID, body: TaxRateChanges,
    expected: IfMatch, response: Response,
) -> TaxRateAnswer:
    """Change fields of a tax rate; orders keep the tax they were made with."""
    changed = tax_actions.update_tax_rate(
        session, store_id=caller.store_id, tax_rate_id=tax_rate_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock)
    return _answer(changed, response)


@router.delete("/v1/tax-rates/{tax_rate_id}", status_code=204, summary="Delete a tax rate")
def delete_tax_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, tax_rate_id: UUID, expected: IfMatch
) -> None:
    """Delete a tax rate; what it was for is untaxed from now on."""
    tax_actions.delete_tax_rate(
        session, store_id=caller.store_id, tax_rate_id=tax_rate_id, expected_updated_at=expected, clock=clock)


def _answer(row: TaxRate, response: Response) -> TaxRateAnswer:
    response.headers["ETag"] = etag_of(row.updated_at)
    return tax_rate_answer(row)


@router.get("/v1/selling-settings", summary="Read how the store sells")
def get_settings(caller: Manager, session: StoreSession) -> SellingSettings:
    """Return how the store sells; what was never set has its default."""
    return selling_answer(get_selling_settings(session, store_id=caller.store_id))


@router.patch("/v1/selling-settings", summary="Change how the store sells")
def patch_settings(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: SellingChanges
) -> SellingSettings:
    """Change fields; the others stay. Quotes that were given keep what they were made by."""
    return selling_answer(change_selling_settings(
        session, store_id=caller.store_id, changes=body.model_dump(exclude_none=True), now=clock.now()))
