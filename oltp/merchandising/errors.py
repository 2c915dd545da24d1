"""Refusals of merchandising."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class BundleNotFound(NotFound):
    """There is no bundle {bundle_id}."""


class CollectionNotFound(NotFound):
    """There is no collection {collection_id}."""


class SlugTaken(Conflict):
    """The slug '{slug}' belongs to another one."""


class SlugInvalid(Invalid):
    """A slug is 1 to 200 of a-z, 0-9 and single hyphens between them."""


class RuleInvalid(Invalid):
    """The rule can't be read: {reason}."""


class RuleMissing(Invalid):
    """A collection by rule has a rule, one by hand has none."""


class CollectionByRule(Conflict):
    """What is in collection {collection_id} is decided by its rule."""


class CollectionProductUnknown(Invalid):
    """There is no product {product_id}."""


class ProductNotInCollection(NotFound):
    """Product {product_id} is not in collection {collection_id}."""


class OrderIncomplete(Conflict):
    """The order must name each of the collection's {count} products once: it may have changed meanwhile."""


class CollectionFull(Conflict):
    """A collection by hand has at most {most} products."""


class BundlePricingInvalid(Invalid):
    """A bundle costs the sum, a fixed amount in a currency, or a percentage above 0 and up to 100 less."""


class BundleItemsInvalid(Invalid):
    """A bundle has 1 to {most} variants, each named once."""


class BundleVariantUnknown(Invalid):
    """There is no variant {variant_id}."""
