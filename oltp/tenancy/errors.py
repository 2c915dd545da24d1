"""Refusals of tenancy."""

from oltp.kit.errors import NotFound


class StoreNotFound(NotFound):
    """There is no such store."""
