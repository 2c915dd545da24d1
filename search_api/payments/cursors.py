"""Cursors of lists that are sorted by (created_at, id)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from search_api.pages import InvalidCursor, decode_cursor, encode_cursor


class Created(Protocol):
    """A row with the key of these lists."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""


def read_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the key of the last row of the page before. Errors: InvalidCursor."""
    if cursor is None:
        return None
    moment, last = decode_cursor(cursor, length=2)
    try:
        found = datetime.fromisoformat(moment)
        key = UUID(last)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if found.tzinfo is None:
        raise InvalidCursor(field="cursor")
    return found, key


def next_of(rows: Sequence[Created], limit: int) -> str | None:
    """Return the cursor of the next page, given one row more than the limit; None on the last page."""
    if len(rows) <= limit:
        return None
    return encode_cursor([rows[limit - 1].created_at.isoformat(), str(rows[limit - 1].id)])
