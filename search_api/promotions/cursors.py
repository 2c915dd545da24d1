"""Cursors of rules: by priority and id."""

from uuid import UUID

from search_api.pages import InvalidCursor, decode_cursor


def read_place(cursor: str | None) -> tuple[int, UUID] | None:
    """Return priority and id of the last rule of the page before. Errors: InvalidCursor."""
    if cursor is None:
        return None
    priority, rule_id = decode_cursor(cursor, length=2)
    try:
        place = int(priority), UUID(rule_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if abs(place[0]) >= 2**31:
        raise InvalidCursor(field="cursor")
    return place
