"""Pages by keyset: an opaque cursor holds the sort key of the last row, so a page costs the same wherever it is."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

from oltp.kit.errors import Malformed

Item = TypeVar("Item")
MAX_LIMIT = 100


class InvalidCursor(Malformed):
    """The cursor is not one that this listing gave out."""


class Page(BaseModel, Generic[Item]):
    """One page of a listing."""

    items: list[Item]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


def encode_cursor(parts: Sequence[str]) -> str:
    """Return the opaque cursor for a row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, length: int) -> list[str]:
    """Return the sort key a cursor holds, as `length` strings. Errors: InvalidCursor."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidCursor(field="cursor") from None
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(part, str) for part in parts):
        raise InvalidCursor(field="cursor")
    return parts
