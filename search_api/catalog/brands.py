"""Brands."""

from uuid import UUID

from fastapi import APIRouter, Response

from oltp.catalog import brands, queries
from oltp.catalog.translations import find_words
from search_api.catalog.callers import Cursor, Limit, Locale, Reader, Writer, storable
from search_api.catalog.schemas_tree import Brand, BrandBody, BrandChanges, brand_answer
from search_api.dependencies import CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import InvalidCursor, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)


@router.get("/v1/brands", summary="List brands by name")
def get_brands(caller: Reader, session: StoreSession, limit: Limit = 20, cursor: Cursor = None) -> Page[Brand]:
    """Return a page of the store's brands that are not deleted."""
    rows = queries.list_brands(session, store_id=caller.store_id, after=_read(cursor), limit=limit + 1)
    more = encode_cursor([rows[limit - 1].name, str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Brand](items=[brand_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/brands", status_code=201, summary="Make a brand")
def post_brand(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: BrandBody, response: Response
) -> Brand:
    """Make a brand; without a slug it gets one from its name."""
    made = brands.create_brand(session, store_id=caller.store_id, name=body.name, slug=body.slug,
                               columns=body.columns(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return brand_answer(made)


@router.get("/v1/brands/{brand_id}", summary="Read a brand")
def get_brand(
    caller: Reader, session: StoreSession, brand_id: UUID, response: Response, locale: Locale = None
) -> Brand:
    """Return a brand in the words of the locale, its language, or the store's own."""
    found = queries.get_brand(session, store_id=caller.store_id, brand_id=brand_id)
    words = None if locale is None else find_words(
        session, store_id=caller.store_id, noun="brand", owner_id=brand_id, locale=locale)
    response.headers["ETag"] = etag_of(found.updated_at)
    return brand_answer(found, words)


@router.patch("/v1/brands/{brand_id}", summary="Change a brand")
def patch_brand(
    caller: Writer, session: StoreSession, clock: CurrentClock, brand_id: UUID, body: BrandChanges,
    expected: IfMatch, response: Response,
) -> Brand:
    """Change some fields. A new name without a slug gives a new slug."""
    changed = brands.update_brand(session, store_id=caller.store_id, brand_id=brand_id, changes=body.changes(),
                                  expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return brand_answer(changed)


@router.delete("/v1/brands/{brand_id}", status_code=204, summary="Delete a brand")
def delete_brand(
    caller: Writer, session: StoreSession, clock: CurrentClock, brand_id: UUID, expected: IfMatch
) -> None:
    """Delete a brand that has no products."""
    brands.delete_brand(
        session, store_id=caller.store_id, brand_id=brand_id, expected_updated_at=expected, clock=clock)


def _read(cursor: str | None) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    name, row_id = decode_cursor(cursor, length=2)
    try:
        return storable(name), UUID(row_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
