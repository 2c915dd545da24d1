"""ETag and If-Match: of two people who edit the same thing, the second one hears that it has changed."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header

from oltp.kit.errors import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class InvalidIfMatch(Malformed):
    """If-Match must be an ETag that this service answered, quotes included."""


def etag_of(updated_at: datetime) -> str:
    """Return the ETag of a thing that was last changed then; exact to the microsecond."""
    return f'"{(updated_at - _EPOCH) // timedelta(microseconds=1):x}"'


def read_if_match(
    if_match: Annotated[str | None, Header(max_length=100, description="The ETag that you read.")] = None,
) -> datetime | None:
    """Return when the thing was last changed as the caller knows it, if he says so. Errors: InvalidIfMatch."""
    if if_match is None or if_match == "*":
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(if_match.removeprefix('"').removesuffix('"'), 16))
    except (ValueError, OverflowError):
        raise InvalidIfMatch(field="header.If-Match") from None


IfMatch = Annotated[datetime | None, Depends(read_if_match)]
