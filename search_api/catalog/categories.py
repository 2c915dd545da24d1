"""Categories: the tree."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from oltp.catalog import categories, queries
from oltp.catalog.models import Category as CategoryRow
from oltp.catalog.translations import find_words
from search_api.catalog.callers import Cursor, Limit, Locale, Reader, Writer, read_number, storable
from search_api.catalog.schemas_tree import Category, CategoryBody, CategoryChanges, category_answer
from search_api.dependencies import CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import InvalidCursor, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)


@router.get("/v1/categories", summary="List categories by their order, then name")
def get_categories(
    caller: Reader, session: StoreSession, parent_id: UUID | None = None,
    roots: Annotated[bool, Query(description="Only those without a parent.")] = False,
    is_published: bool | None = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[Category]:
    """Return a page of the store's categories that are not deleted."""
    rows = queries.list_categories(
        session, store_id=caller.store_id, wanted=queries.CategoryFilter(parent_id, roots, is_published),
        after=_read(cursor), limit=limit + 1)
    more = _cursor_of(rows[limit - 1]) if len(rows) > limit else None
    return Page[Category](items=[category_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/categories", status_code=201, summary="Make a category")
def post_category(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: CategoryBody, response: Response
) -> Category:
    """Make a category, at the root or below another one."""
    made = categories.create_category(session, store_id=caller.store_id, wanted=body.wanted(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return category_answer(made)


@router.get("/v1/categories/{category_id}", summary="Read a category")
def get_category(
    caller: Reader, session: StoreSession, category_id: UUID, response: Response, locale: Locale = None
) -> Category:
    """Return a category in the words of the locale, its language, or the store's own."""
    found = queries.get_category(session, store_id=caller.store_id, category_id=category_id)
    words = None if locale is None else find_words(
        session, store_id=caller.store_id, noun="category", owner_id=category_id, locale=locale)
    response.headers["ETag"] = etag_of(found.updated_at)
    return category_answer(found, words)


@router.patch("/v1/categories/{category_id}", summary="Change or move a category")
def patch_category(
    caller: Writer, session: StoreSession, clock: CurrentClock, category_id: UUID, body: CategoryChanges,
    expected: IfMatch, response: Response,
) -> Category:
    """Change some fields; another `parent_id` moves it with all below it, null to the root."""
    changed = categories.update_category(
        session, store_id=caller.store_id, category_id=category_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return category_answer(changed)


@router.delete("/v1/categories/{category_id}", status_code=204, summary="Delete a category")
def delete_category(
    caller: Writer, session: StoreSession, clock: CurrentClock, category_id: UUID, expected: IfMatch
) -> None:
    """Delete a category that has neither categories nor products."""
    categories.delete_category(
        session, store_id=caller.store_id, category_id=category_id, expected_updated_at=expected, clock=clock)


def _cursor_of(row: CategoryRow) -> str:
    return encode_cursor([str(row.sort_order), row.name, str(row.id)])


def _read(cursor: str | None) -> tuple[int, str, UUID] | None:
    if cursor is None:
        return None
    order, name, row_id = decode_cursor(cursor, length=3)
    try:
        return read_number(order), storable(name), UUID(row_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
