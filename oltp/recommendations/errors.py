"""Refusals of recommending."""

from oltp.kit.errors import Invalid, NotFound


class KindUnknown(NotFound):
    """There is no kind {kind!r} of recommendations; there are {kinds}."""


class ProductNeeded(Invalid):
    """Recommendations of kind {kind} go with a product: state product_id."""


class ProductNotFound(NotFound):
    """There is no product {product_id} in this store."""
