"""Refusals of merchandising."""

from oltp.kit.errors import NotFound


class BundleNotFound(NotFound):
    """There is no bundle {bundle_id}."""
