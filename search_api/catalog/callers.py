"""Who calls the catalog, and the parameters that its listings share."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import StringConstraints

from search_api.dependencies import Caller, require
from search_api.pages import MAX_LIMIT, InvalidCursor, decode_cursor

Reader = Annotated[Caller, Depends(require("product.read"))]
Writer = Annotated[Caller, Depends(require("product.write"))]
Publisher = Annotated[Caller, Depends(require("product.publish"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Locale = Annotated[str | None, Query(max_length=20, description="Language of the words, e.g. de-CH.")]
LocalePath = Annotated[str, StringConstraints(min_length=2, max_length=20)]


def read_text(cursor: str | None) -> str | None:
    """Return the word that the page before ended with. Errors: InvalidCursor."""
    return None if cursor is None else storable(decode_cursor(cursor, length=1)[0])


def read_number(part: str) -> int:
    """Return a number of a cursor. Errors: InvalidCursor."""
    digits = part.removeprefix("-")
    # Longer numbers are none of ours, and the database could not take them.
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise InvalidCursor(field="cursor")
    return int(part)


def storable(part: str) -> str:
    """Return a word of a cursor that the database can compare. Errors: InvalidCursor."""
    if "\x00" in part or any("\ud800" <= letter <= "\udfff" for letter in part):
        raise InvalidCursor(field="cursor")
    return part
