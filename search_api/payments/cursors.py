"""Cursors of lists that are sorted by (created_at, id)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from search_api.cursors import moment_place
from search_api.pages import encode_cursor


class Created(Protocol):
    """A row with the key of these lists."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def created_at(self) -> datetime:
        """When it was made."""


def next_of(rows: Sequence[Created], limit: int) -> str | None:
    """Return the cursor of the next page, given one row more than the limit; None on the last page."""
    if len(rows) <= limit:
        return None
    return encode_cursor(moment_place(rows[limit - 1].created_at, rows[limit - 1].id))
