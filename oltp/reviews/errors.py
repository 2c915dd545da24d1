"""Refusals of reviews."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class ReviewNotFound(NotFound):
    """There is no review {review_id}."""


class ReviewedProductUnknown(Invalid):
    """There is no product {product_id}."""


class ReviewerUnknown(Invalid):
    """There is no customer {customer_id}."""


class AlreadyReviewed(Conflict):
    """The customer has reviewed this product already."""


class RatingInvalid(Invalid):
    """A rating is a whole number from 1 to 5."""
