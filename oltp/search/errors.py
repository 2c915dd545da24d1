"""Refusals of the search."""

from oltp.kit.errors import Malformed


class StaleCursor(Malformed):
    """The cursor does not belong to this search; search again from the first page."""
