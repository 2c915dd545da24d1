"""Refusals of the search."""

from oltp.kit.errors import NotFound


class StoreNotFound(NotFound):
    """There is no store {store_id}."""
