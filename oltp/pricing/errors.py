"""Refusals of pricing."""

from oltp.kit.errors import Conflict, Invalid, NotFound, Unavailable


class PriceKeyInvalid(Invalid):
    """A price belongs to a product or to a variant: give exactly one of product_id and variant_id."""


class PricedProductUnknown(NotFound):
    """There is no product {product_id}."""


class PricedVariantUnknown(NotFound):
    """There is no variant {variant_id}."""


class PriceSegmentUnknown(NotFound):
    """There is no customer segment {segment_id}."""


class PriceAmountInvalid(Invalid):
    """{field} must be a whole number of minor units, zero or more, not {amount!r}."""


class CompareAtTooLow(Invalid):
    """compare_at_amount {compare_at_amount} is below the price of {amount}: nobody would save anything."""


class PriceQuantityInvalid(Invalid):
    """min_quantity must be 1 or more, not {min_quantity!r}."""


class PriceWindowInvalid(Invalid):
    """{field} must be a moment with a time zone, and a price must expire after it takes effect and after now."""


class PriceHistoryFixed(Conflict):
    """A price of that time exists and can't be changed any more: history is what customers were shown."""


class PriceMissing(Invalid):
    """The variant {variant_id} has no price in {currency}."""


class PriceUnknown(NotFound):
    """There is no price {price_id}."""


class PriceEnded(Conflict):
    """The price {price_id} has ended already: history is what customers were shown."""


class TaxRateUnknown(NotFound):
    """There is no tax rate {tax_rate_id}."""


class TaxRateTaken(Conflict):
    """There is a tax rate of this country, region and tax class already."""


class TaxRateInvalid(Invalid):
    """{field} is not valid: {reason}."""


class RatesUnreadable(Invalid):
    """These are no daily reference rates of the ECB: {reason}."""


class RatesUnavailable(Unavailable):
    """No rates from {url}: {reason}."""
