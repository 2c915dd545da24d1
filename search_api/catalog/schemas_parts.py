"""Schemas of variants and images: bodies and answers; and the types of the catalog's bodies."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from oltp.catalog.content_models import ProductImage
from oltp.catalog.errors import CurrencyDiffers
from oltp.catalog.images import MOST_IMAGES, NewImage
from oltp.catalog.rules import grams, kilograms, read_options
from oltp.catalog.variants import NewVariant
from oltp.merchandising.product_queries import PricedVariant
from search_api.money import Money, money_or_none
from search_api.schemas import Body, Line, Text

Slug = Annotated[Line, Field(max_length=200, description="a-z, 0-9 and hyphens; left out: from the name.")]
Sku = Annotated[Line, Field(max_length=100)]
# Longer than `Text`, so it says by itself that a text has no NUL character.
Long = Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]
Url = Annotated[Text, Field(max_length=4000, pattern=r"^(https?://|/)[^\s]*$")]
Grams = Annotated[int, Field(ge=0, le=100_000_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Alt = Annotated[Text, Field(max_length=1000, description="What the image shows, in words.")]
TaxClass = Annotated[Line, Field(max_length=50)]
Options = Annotated[dict[Line, Line], Field(max_length=10, description="E.g. size and color.")]


def given_fields(body: Body, *, cleared: set[str]) -> dict[str, Any]:
    """Return column → value of what was sent; null says something only for the fields in `cleared`."""
    found = {name: value for name, value in body.model_dump(exclude_unset=True).items()
             if value is not None or name in cleared}
    if "weight_grams" in found:
        found["weight"] = kilograms(found.pop("weight_grams"))
    return found


class VariantBody(Body):
    """A variant to be made; without a price it costs what the product costs."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Brass", "sku": "LAMP-1-BRASS", "options": {"color": "brass"}, "stock": 12}]})

    name: Line
    sku: Sku
    options: Options = Field(default_factory=dict)
    price: Money | None = None
    compare_at: Money | None = None
    barcode: Sku | None = None
    weight_grams: Grams | None = None
    low_stock_threshold: Count = 5
    image: Url | None = None
    stock: Count = Field(default=0, description="How many are there; the ledger begins with them.")

    def wanted(self, *, currency: str, at: str = "") -> NewVariant:
        """Return the variant as the room takes it. Errors: CurrencyDiffers."""
        return NewVariant(
            self.name, self.sku, self.options, amount_of(self.price, currency, f"{at}price"),
            amount_of(self.compare_at, currency, f"{at}compare_at"),
            {"barcode": self.barcode, "weight": kilograms(self.weight_grams), "image": self.image,
             "low_stock_threshold": self.low_stock_threshold})


def amount_of(given: Money | None, currency: str, field: str) -> int | None:
    """Return the amount of a price that is in the product's currency. Errors: CurrencyDiffers."""
    if given is not None and given.currency != currency:
        raise CurrencyDiffers(currency=currency, field=f"{field}.currency")
    return None if given is None else given.amount


class VariantChanges(Body):
    """Fields of a variant to be changed. Null clears barcode, weight_grams and image. Prices: /v1/prices."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_default": True}]})

    name: Line | None = None
    sku: Sku | None = None
    options: Options | None = None
    barcode: Sku | None = None
    weight_grams: Grams | None = None
    low_stock_threshold: Count | None = None
    image: Url | None = None
    is_default: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return column → value; the default gives way only to another one."""
        found = given_fields(self, cleared={"barcode", "weight_grams", "image"})
        if found.get("is_default") is False:
            del found["is_default"]
        return found


class ImageBody(Body):
    """An image to be added; a position beyond the last one is the end."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "url": "https://cdn.example.com/lamp.jpg", "alt": "A brass desk lamp", "position": 0}]})

    url: Url
    alt: Alt | None = None
    variant_id: UUID | None = None
    position: Annotated[int, Field(ge=0, le=MOST_IMAGES)] | None = None

    def wanted(self) -> NewImage:
        """Return the image as the room takes it."""
        return NewImage(self.url, self.alt, self.variant_id, self.position)


class FirstImage(Body):
    """An image that a product is made with; their order is the list's."""

    url: Url
    alt: Alt | None = None


class ImageChanges(Body):
    """Fields of an image to be changed; null clears them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"alt": "A desk lamp of brass"}]})

    alt: Alt | None = None
    variant_id: UUID | None = None


class ImageOrder(Body):
    """All images of a product, in their new order."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"image_ids": [
        "0197b2f0-0000-7000-8000-000000000002", "0197b2f0-0000-7000-8000-000000000001"]}]})

    image_ids: list[UUID] = Field(max_length=MOST_IMAGES)


class Variant(BaseModel):
    """A variant of a product; a null price: it costs what the product costs."""

    id: UUID
    product_id: UUID
    name: str
    sku: str
    barcode: str | None
    options: dict[str, str]
    price: Money | None
    compare_at: Money | None
    weight_grams: int | None
    low_stock_threshold: int
    image: str | None
    is_default: bool
    created_at: datetime
    updated_at: datetime


def variant_answer(row: PricedVariant) -> Variant:
    """Return a variant as it is answered."""
    return Variant(
        id=row.id, product_id=row.product_id, name=row.name, sku=row.sku, barcode=row.barcode,
        options=read_options(row.options), price=money_or_none(row.price_amount, row.currency),
        compare_at=money_or_none(row.compare_at_amount, row.currency), weight_grams=grams(row.weight),
        low_stock_threshold=row.low_stock_threshold, image=row.image, is_default=row.is_default,
        created_at=row.created_at, updated_at=row.updated_at)


class Image(BaseModel):
    """An image of a product; position 0 is the first."""

    id: UUID
    url: str
    alt: str | None
    position: int
    variant_id: UUID | None


def image_answer(row: ProductImage) -> Image:
    """Return an image as it is answered."""
    return Image.model_validate(row, from_attributes=True)
