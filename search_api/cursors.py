"""Cursors of the common listings: by moment and id, or by id alone; and how a listing's page is asked for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Row = TypeVar("Row")
Item = TypeVar("Item")


def page_of(rows: Sequence[Row], *, limit: int, item: Callable[[Row], Item], place: Callable[[Row], Sequence[str]],
            ) -> Page[Item]:
    """Return the page of at most `limit` items; `rows` are one more than that where there is a next page.

    `place` is a row's sort key, which the cursor holds.
    """
    more = encode_cursor(place(rows[limit - 1])) if len(rows) > limit else None
    return Page[Item](items=[item(row) for row in rows[:limit]], next=more)


def moment_place(moment: datetime, row_id: UUID) -> list[str]:
    """Return the sort key of a row that is listed by moment and id."""
    return [moment.isoformat(), str(row_id)]


def read_moment(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return moment and id of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    if cursor is None:
        return None
    moment, row_id = decode_cursor(cursor, length=2)
    try:
        found = datetime.fromisoformat(moment), UUID(row_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if found[0].tzinfo is None:
        raise InvalidCursor(field="cursor")
    return found


def read_id(cursor: str | None) -> UUID | None:
    """Return the id of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    return None if cursor is None else uuid_of(decode_cursor(cursor, length=1)[0])


def uuid_of(written: str) -> UUID:
    """Return the id that a cursor holds. Errors: InvalidCursor."""
    try:
        return UUID(written)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
