"""Refusals of payments."""

from oltp.kit.errors import Conflict, Invalid, Malformed, NotFound, Unavailable


class AttemptNotFound(NotFound):
    """There is no payment attempt {attempt_id}."""


class RefundNotFound(NotFound):
    """There is no refund {refund_id}."""


class ConfigNotFound(NotFound):
    """There is no payment provider config {config_id}."""


class ConfigNameTaken(Conflict):
    """There is a payment provider config named {name!r} already."""


class GatewayNotSupported(Invalid):
    """Payments by SSLCOMMERZ are not supported: use STRIPE or MANUAL."""


class CredentialsInvalid(Invalid):
    """A {gateway} config takes the credentials {names}."""


class CredentialsMissing(Conflict):
    """The payment provider config {config_id} has no credentials."""


class SecretsMissing(Unavailable):
    """Credentials can't be kept: the service has no secret key (STORMCOM_SECRET_KEY)."""


class CaptureRefused(Conflict):
    """A payment that is {status} can't be captured."""


class CaptureTooLarge(Conflict):
    """At most {left} minor units can still be captured."""


class OrderCancelled(Conflict):
    """The order is cancelled, and nothing is collected for it: give the money back, or take the order up again."""


class VoidRefused(Conflict):
    """A payment that is {status} can't be voided."""


class PaymentStepUnderWay(Conflict):
    """A request to the gateway is under way and its outcome not known yet; it is asked for within minutes."""


class GatewayDeclined(Conflict):
    """The gateway declined: {reason}"""


class GatewayUnreachable(Unavailable):
    """The gateway can't be reached right now; no money moved."""


class CallbackUnknown(NotFound):
    """There is no payment provider config with this callback key."""


class CallbackNotAccepted(Malformed):
    """The callback was not accepted: {reason}."""


class OrderNotPaid(Conflict):
    """Nothing was paid on this order, or nothing is left of it: {left} minor units can be refunded."""


class RefundTooLarge(Conflict):
    """At most {left} minor units can be refunded."""


class RefundUnitsTooMany(Conflict):
    """Only {left} units of the line can still be refunded."""


class RefundLineUnknown(Invalid):
    """The order has no line {order_item_id}."""


class RefundEmpty(Invalid):
    """A refund names items, shipping, or an amount."""


class ShippingRefundTooLarge(Conflict):
    """Of the shipping at most {left} minor units can be refunded."""


class RefundCurrencyMismatch(Invalid):
    """The order is in {currency}."""


class RestockTooMany(Invalid):
    """Only units that are refunded can be restocked."""
