"""Refusals of the catalog."""

from oltp.kit.errors import Invalid, NotFound


class LocaleInvalid(Invalid):
    """{locale!r} is no locale: expected a language with an optional script and region, such as de or de-CH."""


class ProductUnknown(NotFound):
    """There is no product {product_id}."""


class ImageUrlInvalid(Invalid):
    """{field} is no image URL: expected 1 to {longest} characters without blanks around them."""
