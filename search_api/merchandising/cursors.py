"""Cursors of merchandising's listings: by place and id, or by id alone."""

from uuid import UUID

from search_api.pages import InvalidCursor, decode_cursor


def read_place(cursor: str | None) -> tuple[int, UUID] | None:
    """Return (position, id) of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    if cursor is None:
        return None
    place, row_id = decode_cursor(cursor, length=2)
    # Longer numbers are no position of ours, and the database could not take them.
    if not place.isascii() or not place.isdigit() or len(place) > 9:
        raise InvalidCursor(field="cursor")
    return int(place), _id(row_id)


def read_id(cursor: str | None) -> UUID | None:
    """Return the id of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    return None if cursor is None else _id(decode_cursor(cursor, length=1)[0])


def _id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
