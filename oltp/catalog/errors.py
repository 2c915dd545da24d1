"""Refusals of the catalog."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class LocaleInvalid(Invalid):
    """{locale!r} is no locale: expected a language with an optional script and region, such as de or de-CH."""


class ProductUnknown(NotFound):
    """There is no product {product_id}."""


class ImageUrlInvalid(Invalid):
    """{field} is no image URL: expected 1 to {longest} characters without blanks around them."""


class ProductNotFound(NotFound):
    """There is no product {product_id}."""


class VariantNotFound(NotFound):
    """There is no variant {variant_id} of this product."""


class CategoryNotFound(NotFound):
    """There is no category {category_id}."""


class BrandNotFound(NotFound):
    """There is no brand {brand_id}."""


class AttributeNotFound(NotFound):
    """There is no attribute {attribute_id}."""


class ImageNotFound(NotFound):
    """There is no image {image_id} of this product."""


class TranslationNotFound(NotFound):
    """It has no words in {locale}."""


class SlugInvalid(Invalid):
    """A slug is 1 to 200 of a-z, 0-9 and single hyphens between them."""


class TranslatedSlugInvalid(Invalid):
    """A translated slug is 1 to 200 characters without blanks, capitals, /, ? and #."""


class SlugTaken(Conflict):
    """The slug {slug!r} belongs to another one."""


class SkuTaken(Conflict):
    """The SKU {sku!r} belongs to another one."""


class SkuTwice(Invalid):
    """The SKU {sku!r} is named twice."""


class CompareAtNotAbove(Invalid):
    """The compare-at price must be above the price."""


class CurrencyDiffers(Invalid):
    """All prices of a product are in one currency: {currency}."""


class OptionsInvalid(Invalid):
    """Options are at most {most} pairs of a name and a value, each 1 to 100 characters."""


class OptionsTaken(Conflict):
    """Another variant of the product has the same options."""


class LastVariant(Conflict):
    """A product has at least one variant: its last one can't be deleted."""


class TooManyVariants(Conflict):
    """A product has at most {most} variants."""


class TooManyImages(Conflict):
    """A product has at most {most} images."""


class ReferenceUnknown(Invalid):
    """There is no {noun} {id}."""


class CategoryCycle(Conflict):
    """A category can't be below itself."""


class TreeTooDeep(Conflict):
    """Categories are nested at most {most} deep."""


class CategoryInUse(Conflict):
    """The category still has {children} categories and {products} products."""


class BrandInUse(Conflict):
    """The brand still has {products} products."""


class AttributeInUse(Conflict):
    """The attribute is used by {products} products."""


class AttributeNameTaken(Conflict):
    """There is an attribute {name!r} already."""


class AttributeValueInUse(Conflict):
    """The value {value!r} is used by products, so it must stay allowed."""


class AttributeValueNotAllowed(Invalid):
    """{value!r} is no value of the attribute {name!r}."""


class AttributeTwice(Invalid):
    """An attribute and its value are named once."""


class OrderIncomplete(Conflict):
    """The order must name each of the product's {count} images once: they may have changed meanwhile."""


class StatusUnchanged(Conflict):
    """The product is {status} already."""


class NotDeleted(Conflict):
    """The product is not deleted."""
