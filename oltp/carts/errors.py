"""Refusals of carts."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class CartNotFound(NotFound):
    """There is no cart {cart_id}."""


class CartItemNotFound(NotFound):
    """The cart has no item {item_id}."""


class CartClosed(Conflict):
    """The cart was ordered already: fill a new one."""


class CartFull(Conflict):
    """A cart holds at most {most} items."""


class CartCustomerUnknown(Invalid):
    """There is no customer {customer_id}."""


class NothingOfThatKind(Invalid):
    """There is no {noun} {entity_id} to put into a cart."""


class WhatIsWanted(Invalid):
    """An item is either a variant or a bundle: give exactly one of variant_id and bundle_id."""


class QuantityOutOfBounds(Invalid):
    """{field} must be 1 to {most}."""


class TooManyCodes(Invalid):
    """A cart takes at most {most} codes."""


class QuoteNotFound(NotFound):
    """There is no quote {quote_id}."""
