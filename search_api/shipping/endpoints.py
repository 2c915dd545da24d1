"""Shipping: shipping profiles, rates, what shipping costs; fulfilments and parcels stand in their own file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.shipping import profiles, queries
from oltp.shipping.previewing import PreviewItem, preview_shipping
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.shipping import fulfillments
from search_api.shipping.schemas import (
    Assigned,
    Assignment,
    NewProfile,
    NewRate,
    Profile,
    ProfileChanges,
    ProfileCheck,
    QuoteAnswer,
    QuoteWish,
    Rate,
    RateChanges,
    check_answer,
    profile_answer,
    quote_answer,
    rate_answer,
)

router = APIRouter(tags=["shipping"], route_class=KeyedRoute)
router.include_router(fulfillments.router)

Manager = Annotated[Caller, Depends(require("shipping.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/shipping-profiles", summary="List shipping profiles, oldest first")
def get_profiles(caller: Manager, session: StoreSession, limit: Limit = 20, cursor: Cursor = None) -> Page[Profile]:
    """Return a page of the store's profiles."""
    rows = queries.list_profiles(session, store_id=caller.store_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Profile](items=[profile_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/shipping-profiles", status_code=201, summary="Make a shipping profile")
def post_profile(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: NewProfile, response: Response
) -> Profile:
    """Make a profile; the store's first one is its default."""
    made = profiles.create_profile(
        session, store_id=caller.store_id, name=body.name, is_default=body.is_default, clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return profile_answer(made)


@router.get("/v1/shipping-profiles/{profile_id}", summary="Read a shipping profile")
def get_profile(caller: Manager, session: StoreSession, profile_id: UUID, response: Response) -> Profile:
    """Return a profile, with its ETag."""
    found = queries.get_profile(session, store_id=caller.store_id, profile_id=profile_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return profile_answer(found)


@router.patch("/v1/shipping-profiles/{profile_id}", summary="Change a shipping profile")
def patch_profile(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, body: ProfileChanges,
    expected: IfMatch, response: Response,
) -> Profile:
    """Rename a profile, or make it the default in place of the one that is."""
    changed = profiles.update_profile(
        session, store_id=caller.store_id, profile_id=profile_id, name=body.name, is_default=body.is_default,
        expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return profile_answer(changed)


@router.delete("/v1/shipping-profiles/{profile_id}", status_code=204, summary="Delete a shipping profile")
def delete_profile(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, expected: IfMatch
) -> None:
    """Delete a profile; its products ship by the default one. The default itself can be deleted last only."""
    profiles.delete_profile(
        session, store_id=caller.store_id, profile_id=profile_id, expected_updated_at=expected, clock=clock)


@router.post("/v1/shipping-profiles/{profile_id}/products", summary="Let products ship by a profile")
def post_products(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, body: Assignment
) -> Assigned:
    """Assign up to 1,000 products at once; an unknown one refuses them all."""
    changed = profiles.assign_products(
        session, store_id=caller.store_id, profile_id=profile_id, product_ids=body.product_ids, clock=clock)
    return Assigned(changed_count=changed)


@router.get("/v1/shipping-profiles/{profile_id}/rates", summary="List a profile's rates, oldest first")
def get_rates(
    caller: Manager, session: StoreSession, profile_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Rate]:
    """Return a page of the profile's rates."""
    rows = queries.list_rates(
        session, store_id=caller.store_id, profile_id=profile_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Rate](items=[rate_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/shipping-profiles/{profile_id}/rates", status_code=201, summary="Add a rate to a profile")
def post_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, body: NewRate, response: Response
) -> Rate:
    """Add a rate; one that overlaps another one of the same name, zone and basis is refused."""
    made = profiles.create_rate(
        session, store_id=caller.store_id, profile_id=profile_id, rate=body.fields(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return rate_answer(made)


@router.get("/v1/shipping-profiles/{profile_id}/rates/{rate_id}", summary="Read a rate")
def get_rate(caller: Manager, session: StoreSession, profile_id: UUID, rate_id: UUID, response: Response) -> Rate:
    """Return a rate, with its ETag."""
    found = queries.get_rate(session, store_id=caller.store_id, profile_id=profile_id, rate_id=rate_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return rate_answer(found)


@router.patch("/v1/shipping-profiles/{profile_id}/rates/{rate_id}", summary="Change a rate")
def patch_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, rate_id: UUID, body: RateChanges,
    expected: IfMatch, response: Response,
) -> Rate:
    """Change some fields of a rate."""
    changed = profiles.update_rate(
        session, store_id=caller.store_id, profile_id=profile_id, rate_id=rate_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return rate_answer(changed)


@router.delete("/v1/shipping-profiles/{profile_id}/rates/{rate_id}", status_code=204, summary="Delete a rate")
def delete_rate(
    caller: Manager, session: StoreSession, clock: CurrentClock, profile_id: UUID, rate_id: UUID, expected: IfMatch
) -> None:
    """Delete a rate. To stop offering it for a while, set `is_active` to false instead."""
    profiles.delete_rate(session, store_id=caller.store_id, profile_id=profile_id, rate_id=rate_id,
                         expected_updated_at=expected, clock=clock)


@router.get("/v1/shipping-profiles/{profile_id}/check", summary="Find gaps and overlaps of a profile's rates")
def get_check(caller: Manager, session: StoreSession, profile_id: UUID) -> ProfileCheck:
    """Return, in words and numbers, for which values an option has no price, or two."""
    return check_answer(queries.check_profile(session, store_id=caller.store_id, profile_id=profile_id))


@router.post("/v1/shipping-quotes", summary="Ask what shipping costs")
def post_quote(
    caller: Annotated[Caller, Depends(require("cart.write"))], session: StoreSession, clock: CurrentClock,
    body: QuoteWish,
) -> QuoteAnswer:
    """Return the options for goods that would be sent somewhere, at today's prices before discounts."""
    items = [PreviewItem(item.variant_id, item.quantity) for item in body.items]
    return quote_answer(preview_shipping(
        session, store_id=caller.store_id, items=items, country=body.country, region=body.region,
        currency=body.currency, at=clock.now()))
