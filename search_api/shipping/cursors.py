"""Cursors of listings that go by id alone: the oldest first, since ids rise with time."""

from uuid import UUID

from search_api.pages import InvalidCursor, decode_cursor


def read_id(cursor: str | None) -> UUID | None:
    """Return the id of the last row of the page before, None for the first page. Errors: InvalidCursor."""
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor, length=1)[0])
    except ValueError:
        raise InvalidCursor(field="cursor") from None
