"""Refusals of shipping."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class ShippableInvalid(Invalid):
    """{name} must be at least {least}."""


class ProfileNotFound(NotFound):
    """There is no shipping profile {profile_id}."""


class ProfileNameTaken(Conflict):
    """There is a shipping profile named {name!r} already."""


class DefaultProfileNeeded(Conflict):
    """Products without a profile ship by the default one: make another profile the default first."""


class RateNotFound(NotFound):
    """There is no shipping rate {rate_id} in this profile."""


class RateInvalid(Invalid):
    """{reason}"""


class RatesOverlap(Conflict):
    """{reason}"""


class ProductsUnknown(Invalid):
    """There are no such products: {product_ids}."""


class FulfillmentNotFound(NotFound):
    """There is no fulfillment {fulfillment_id}."""


class OrderNotReady(Conflict):
    """An order that is {status} is not sent."""


class OrderUnpaid(Conflict):
    """The order is not paid; only cash on delivery and bank transfer may be sent unpaid."""


class LineNotInOrder(Invalid):
    """The order has no line {order_item_id}."""


class NothingToSend(Invalid):
    """Name at least one line; nothing is left of the order to send otherwise."""


class MoreThanOrdered(Conflict):
    """Only {left} of the line's units are left to send, {wanted} are wanted."""


class FulfillmentMoved(Conflict):
    """A fulfillment that is {status} can't become {wanted}."""


class ShipmentNotFound(NotFound):
    """There is no shipment {shipment_id}."""


class ShipmentRefTaken(Conflict):
    """The carrier's parcel {external_ref} is another shipment already."""


class TrackingInvalid(Invalid):
    """{reason}"""


class ReportInvalid(Invalid):
    """{reason}"""


class VariantUnknown(Invalid):
    """There is no variant {variant_id}."""
