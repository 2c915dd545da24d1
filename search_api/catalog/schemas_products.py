"""Schemas of products: bodies and answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.catalog.images import MOST_IMAGES, NewImage
from oltp.catalog.products import NewProduct
from oltp.catalog.rules import grams, kilograms
from oltp.merchandising.product_queries import ProductView
from search_api.catalog.schemas import Named, ProductStatus
from search_api.catalog.schemas_parts import (
    Count,
    FirstImage,
    Grams,
    Image,
    Long,
    Sku,
    Slug,
    TaxClass,
    Url,
    Variant,
    VariantBody,
    amount_of,
    given_fields,
    image_answer,
    variant_answer,
)
from search_api.money import Money, money, money_or_none
from search_api.schemas import Body, Line, Text

MOST_VARIANTS_AT_ONCE = 100
_PRODUCT_EXAMPLE: dict[str, Any] = {
    "name": "Desk lamp", "sku": "LAMP-1", "price": {"amount": 3900, "currency": "USD"},
    "compare_at": {"amount": 4900, "currency": "USD"}, "weight_grams": 1200,
    "images": [{"url": "https://cdn.example.com/lamp.jpg", "alt": "A brass desk lamp"}],
    "variants": [{"name": "Brass", "sku": "LAMP-1-BRASS", "options": {"color": "brass"}, "stock": 12}]}


class _ProductFields(Body):
    description: Long | None = None
    short_description: Annotated[Text, Field(max_length=500)] | None = None
    barcode: Sku | None = None
    weight_grams: Grams | None = None
    category_id: UUID | None = None
    brand_id: UUID | None = None
    shipping_profile_id: UUID | None = Field(default=None, description="Null: the store's default profile.")
    thumbnail_url: Url | None = Field(default=None, description="Left out: the first image.")
    meta_title: Line | None = None
    meta_description: Annotated[Text, Field(max_length=1000)] | None = None
    meta_keywords: Annotated[Text, Field(max_length=1000)] | None = None


class ProductBody(_ProductFields):
    """A product to be made. It is a draft until it is published."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_PRODUCT_EXAMPLE]})

    name: Line
    sku: Sku
    price: Money
    compare_at: Money | None = None
    slug: Slug | None = None
    track_inventory: bool = True
    low_stock_threshold: Count = 5
    is_featured: bool = False
    tax_class: TaxClass = "standard"
    stock: Count = Field(default=0, description="Of a product without variants of its own.")
    variants: list[VariantBody] = Field(
        default_factory=list, max_length=MOST_VARIANTS_AT_ONCE,
        description="The first is the default; none: one of the product's own SKU.")
    images: list[FirstImage] = Field(default_factory=list, max_length=MOST_IMAGES)

    def wanted(self) -> NewProduct:
        """Return the product as the room takes it. Errors: CurrencyDiffers."""
        currency = self.price.currency
        names = {*_ProductFields.model_fields, "track_inventory", "low_stock_threshold", "is_featured", "tax_class"}
        columns = self.model_dump(include=names - {"weight_grams"})
        return NewProduct(
            name=self.name, sku=self.sku, currency=currency, price_amount=self.price.amount, slug=self.slug,
            compare_at_amount=amount_of(self.compare_at, currency, "compare_at"),
            columns={**columns, "weight": kilograms(self.weight_grams)},
            variants=tuple(each.wanted(currency=currency, at=f"variants.{place}.")
                           for place, each in enumerate(self.variants)),
            images=tuple(NewImage(each.url, each.alt) for each in self.images))

    def first_stock(self) -> dict[str, int]:
        """Return SKU → how many are there."""
        return {each.sku: each.stock for each in self.variants} if self.variants else {self.sku: self.stock}


class ProductChanges(_ProductFields):
    """Fields of a product to be changed; null clears what may be empty. A new name without a slug gives a new slug.

    Prices are changed by /v1/prices, the status by publish and withdraw.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Desk lamp, brass"}]})

    name: Line | None = None
    sku: Sku | None = None
    slug: Slug | None = None
    track_inventory: bool | None = None
    low_stock_threshold: Count | None = None
    is_featured: bool | None = None
    tax_class: TaxClass | None = None

    def changes(self) -> dict[str, Any]:
        """Return column → value."""
        return given_fields(self, cleared=set(_ProductFields.model_fields))


class Withdrawal(Body):
    """What a product becomes that is no longer for sale."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "DRAFT"}]})

    status: Annotated[str, Field(pattern="^(DRAFT|ARCHIVED)$")] = "DRAFT"


class Restoration(Body):
    """Under which slug and SKU a product comes back, if its own were taken meanwhile."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"slug": "desk-lamp-again"}]})

    slug: Slug | None = None
    sku: Sku | None = None


class Product(BaseModel):
    """A product with its variants and images."""

    id: UUID
    name: str
    slug: str
    sku: str
    locale: str | None = Field(description="Language of the words; null: the store's own.")
    description: str | None
    short_description: str | None
    barcode: str | None
    status: ProductStatus
    published_at: datetime | None
    price: Money
    compare_at: Money | None
    category_id: UUID | None
    category: Named | None
    brand_id: UUID | None
    brand: Named | None
    thumbnail_url: str | None
    is_available: bool
    is_featured: bool
    track_inventory: bool
    low_stock_threshold: int
    weight_grams: int | None
    tax_class: str
    shipping_profile_id: UUID | None
    meta_title: str | None
    meta_description: str | None
    meta_keywords: str | None
    variants: Sequence[Variant]
    images: Sequence[Image]
    created_at: datetime
    updated_at: datetime


_OWN = ("id", "sku", "barcode", "status", "published_at", "category_id", "brand_id", "thumbnail_url", "is_featured",
        "track_inventory", "low_stock_threshold", "tax_class", "shipping_profile_id", "meta_keywords", "created_at",
        "updated_at")
_WORDS = ("name", "slug", "description", "short_description", "meta_title", "meta_description")


def product_answer(view: ProductView) -> Product:
    """Return a product as it is answered; a word that is not translated is the store's own."""
    own, words, priced = view.product, view.words, view.priced
    said = {name: (getattr(words, name) if words else None) or getattr(own, name) for name in _WORDS}
    return Product(
        **{name: getattr(own, name) for name in _OWN}, **said, locale=words.locale if words else None,
        price=money(priced.price_amount, own.currency),
        compare_at=money_or_none(priced.compare_at_amount, own.currency),
        category=_named(priced.category_slug, priced.category_name), brand=_named(priced.brand_slug, priced.brand_name),
        is_available=priced.is_available, weight_grams=grams(own.weight),
        variants=[variant_answer(each) for each in view.variants], images=[image_answer(each) for each in view.images])


def _named(slug: str | None, name: str | None) -> Named | None:
    return None if slug is None or name is None else Named(slug=slug, name=name)
