"""Refusals of tenancy."""

from oltp.kit.errors import Invalid, NotFound


class StoreNotFound(NotFound):
    """There is no such store."""


class FlagUnknown(Invalid):
    """There is no flag {name!r}; there are: {known}."""
