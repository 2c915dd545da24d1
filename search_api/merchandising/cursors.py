"""Cursors of collections: by place and id."""

from uuid import UUID

from search_api.cursors import uuid_of
from search_api.pages import InvalidCursor, decode_cursor


def read_place(cursor: str | None) -> tuple[int, UUID] | None:
    """Return (position, id) of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    if cursor is None:
        return None
    place, row_id = decode_cursor(cursor, length=2)
    # Longer numbers are no position of ours, and the database could not take them.
    if not place.isascii() or not place.isdigit() or len(place) > 9:
        raise InvalidCursor(field="cursor")
    return int(place), uuid_of(row_id)
