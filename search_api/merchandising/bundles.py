"""Bundles: made, changed, and shown with what they cost and how many there are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.merchandising import bundles_actions
from oltp.merchandising.bundles_showing import get_bundle, list_bundles
from oltp.tenancy.queries import get_store
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.merchandising.bundle_schemas import (
    BundleAnswer,
    BundleBody,
    BundleChanges,
    bundle_answer,
    bundle_changes,
    new_bundle,
)
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.schemas import CurrencyCode

router = APIRouter(tags=["merchandising"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("product.read"))]
Writer = Annotated[Caller, Depends(require("product.write"))]
Currency = Annotated[CurrencyCode | None, Query(description="Of the prices; the store's own unless told.")]


@router.get("/v1/bundles", summary="List bundles, oldest first")
def get_bundles(
    caller: Reader, session: StoreSession, clock: CurrentClock, active: bool | None = None, currency: Currency = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
) -> Page[BundleAnswer]:
    """Return a page of the store's bundles with their prices for everybody."""
    shown = list_bundles(
        session, store_id=caller.store_id, limit=limit + 1, after=read_id(cursor), is_active=active, at=clock.now(),
        currency=currency or get_store(session, store_id=caller.store_id).currency)
    more = encode_cursor([str(shown[limit - 1].row.id)]) if len(shown) > limit else None
    return Page[BundleAnswer](items=[bundle_answer(each) for each in shown[:limit]], next=more)


@router.post("/v1/bundles", status_code=201, summary="Make a bundle")
def post_bundle(
    body: BundleBody, caller: Writer, session: StoreSession, clock: CurrentClock, response: Response,
) -> BundleAnswer:
    """Make a bundle of variants: at their sum, at a fixed price, or with a percentage off."""
    made = bundles_actions.create_bundle(session, store_id=caller.store_id, new=new_bundle(body), clock=clock)
    return _answer(session, caller=caller, bundle_id=made.id, response=response, at=clock.now())


@router.get("/v1/bundles/{bundle_id}", summary="Read a bundle")
def get_one_bundle(
    bundle_id: UUID, caller: Reader, session: StoreSession, clock: CurrentClock, response: Response,
    currency: Currency = None,
) -> BundleAnswer:
    """Return a bundle: as many can be made as the scarcest part allows."""
    return _answer(
        session, caller=caller, bundle_id=bundle_id, response=response, at=clock.now(), currency=currency)


@router.patch("/v1/bundles/{bundle_id}", summary="Change a bundle")
def patch_bundle(
    bundle_id: UUID, body: BundleChanges, caller: Writer, session: StoreSession, clock: CurrentClock,
    expected: IfMatch, response: Response,
) -> BundleAnswer:
    """Change the given fields; orders that were placed keep what they were placed with."""
    bundles_actions.update_bundle(
        session, store_id=caller.store_id, bundle_id=bundle_id, changes=bundle_changes(body), clock=clock,
        expected_updated_at=expected)
    return _answer(session, caller=caller, bundle_id=bundle_id, response=response, at=clock.now())


@router.delete("/v1/bundles/{bundle_id}", status_code=204, summary="Delete a bundle")
def delete_bundle(
    bundle_id: UUID, caller: Writer, session: StoreSession, clock: CurrentClock, expected: IfMatch,
) -> None:
    """Delete a bundle; its variants stay."""
    bundles_actions.delete_bundle(
        session, store_id=caller.store_id, bundle_id=bundle_id, clock=clock, expected_updated_at=expected)


def _answer(
    session: StoreSession, *, caller: Caller, bundle_id: UUID, response: Response, at: datetime,
    currency: str | None = None,
) -> BundleAnswer:
    wanted = currency or get_store(session, store_id=caller.store_id).currency
    shown = get_bundle(session, store_id=caller.store_id, bundle_id=bundle_id, currency=wanted, at=at)
    response.headers["ETag"] = etag_of(shown.row.updated_at)
    return bundle_answer(shown)
