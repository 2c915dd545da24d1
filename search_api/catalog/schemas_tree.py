"""Schemas of categories, brands, attributes and translations: bodies and answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.catalog.attributes import WantedValue
from oltp.catalog.categories import NewCategory
from oltp.catalog.models import Brand as BrandRow
from oltp.catalog.models import Category as CategoryRow
from oltp.catalog.models import ProductAttribute
from oltp.catalog.queries import ProductValue
from oltp.catalog.rules import read_list
from oltp.catalog.translations import Translation as TranslationRow
from oltp.catalog.translations import Words
from search_api.catalog.schemas_parts import Count, Long, Slug, Url, given_fields
from search_api.schemas import Body, Line, Text

Name = Line
Value = Annotated[Line, Field(max_length=200)]
WebAddress = Annotated[Text, Field(max_length=2000, pattern=r"^https?://[^\s]+$")]
Short = Annotated[Text, Field(max_length=1000)]
MOST_VALUES = 500
# A category or brand named so in the answer has these words, where there are any in the wanted language.
_WORDS = ("name", "slug", "description", "meta_title", "meta_description")


class _CategoryFields(Body):
    description: Long | None = None
    image: Url | None = None
    parent_id: UUID | None = None
    meta_title: Line | None = None
    meta_description: Short | None = None


class CategoryBody(_CategoryFields):
    """A category to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Lamps", "sort_order": 1}]})

    name: Name
    slug: Slug | None = None
    is_published: bool = True
    sort_order: Count = 0

    def wanted(self) -> NewCategory:
        """Return the category as the room takes it."""
        columns = self.model_dump(exclude={"name", "slug", "parent_id"})
        return NewCategory(self.name, self.slug, self.parent_id, columns)


class CategoryChanges(_CategoryFields):
    """Fields of a category to be changed; null clears what may be empty, `parent_id` too."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"parent_id": None}]})

    name: Name | None = None
    slug: Slug | None = None
    is_published: bool | None = None
    sort_order: Count | None = None

    def changes(self) -> dict[str, Any]:
        """Return column → value."""
        return given_fields(self, cleared=set(_CategoryFields.model_fields))


class Category(BaseModel):
    """A node of the category tree."""

    id: UUID
    name: str
    slug: str
    locale: str | None = None
    description: str | None
    image: str | None
    parent_id: UUID | None
    is_published: bool
    sort_order: int
    meta_title: str | None
    meta_description: str | None
    created_at: datetime
    updated_at: datetime


def category_answer(row: CategoryRow, words: TranslationRow | None = None) -> Category:
    """Return a category as it is answered, in other words where there are any."""
    return Category(**_said(row, words), **{name: getattr(row, name) for name in (
        "id", "image", "parent_id", "is_published", "sort_order", "created_at", "updated_at")})


def _said(row: CategoryRow | BrandRow, words: TranslationRow | None) -> dict[str, Any]:
    said = {name: (getattr(words, name) if words else None) or getattr(row, name) for name in _WORDS}
    return {**said, "locale": words.locale if words else None}


class _BrandFields(Body):
    description: Long | None = None
    logo: WebAddress | None = None
    website: WebAddress | None = None
    meta_title: Line | None = None
    meta_description: Short | None = None


class BrandBody(_BrandFields):
    """A brand to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Acme", "website": "https://acme.example.com"}]})

    name: Name
    slug: Slug | None = None
    is_published: bool = True

    def columns(self) -> dict[str, Any]:
        """Return the further columns."""
        return self.model_dump(exclude={"name", "slug"})


class BrandChanges(_BrandFields):
    """Fields of a brand to be changed; null clears what may be empty."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Acme & Sons"}]})

    name: Name | None = None
    slug: Slug | None = None
    is_published: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return column → value."""
        return given_fields(self, cleared=set(_BrandFields.model_fields))


class Brand(BaseModel):
    """A brand."""

    id: UUID
    name: str
    slug: str
    locale: str | None = None
    description: str | None
    logo: str | None
    website: str | None
    is_published: bool
    meta_title: str | None
    meta_description: str | None
    created_at: datetime
    updated_at: datetime


def brand_answer(row: BrandRow, words: TranslationRow | None = None) -> Brand:
    """Return a brand as it is answered, in other words where there are any."""
    return Brand(**_said(row, words), **{name: getattr(row, name) for name in (
        "id", "logo", "website", "is_published", "created_at", "updated_at")})


class AttributeBody(Body):
    """An attribute to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Material", "values": ["brass", "steel"]}]})

    name: Value
    values: list[Value] = Field(default_factory=list, max_length=MOST_VALUES, description="Empty: any text.")


class AttributeChanges(Body):
    """Fields of an attribute to be changed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "values": ["brass", "steel", "wood"]}]})

    name: Value | None = None
    values: list[Value] | None = Field(default=None, max_length=MOST_VALUES)


class Attribute(BaseModel):
    """An attribute with the values that products may have of it; none: any text."""

    id: UUID
    name: str
    values: list[str]
    created_at: datetime
    updated_at: datetime


def attribute_answer(row: ProductAttribute) -> Attribute:
    """Return an attribute as it is answered."""
    return Attribute(id=row.id, name=row.name, values=read_list(row.values), created_at=row.created_at,
                     updated_at=row.updated_at)


class ValueBody(Body):
    """A value that a product has of an attribute."""

    attribute_id: UUID
    value: Value

    def wanted(self) -> WantedValue:
        """Return the value as the room takes it."""
        return WantedValue(self.attribute_id, self.value)


class ValuesBody(Body):
    """All values that a product has."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"values": [
        {"attribute_id": "0197b2f0-0000-7000-8000-000000000001", "value": "brass"}]}]})

    values: list[ValueBody] = Field(max_length=100)


class AttributeValue(BaseModel):
    """A value that a product has of an attribute, which is named beside it."""

    id: UUID
    attribute_id: UUID
    name: str
    value: str


def value_answer(row: ProductValue) -> AttributeValue:
    """Return a value as it is answered."""
    return AttributeValue.model_validate(row, from_attributes=True)


class TranslationBody(Body):
    """A thing's words in one language."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Schreibtischlampe", "description": "Eine Lampe aus Messing."}]})

    name: Name
    slug: Annotated[Line, Field(max_length=200, description="Left out: from the name.")] | None = None
    description: Long | None = None
    meta_title: Line | None = None
    meta_description: Short | None = None

    def words(self) -> Words:
        """Return the words as the room takes them."""
        return Words(self.name, self.slug, self.model_dump(exclude={"name", "slug"}))


class ProductTranslationBody(TranslationBody):
    """A product's words in one language."""

    short_description: Annotated[Text, Field(max_length=500)] | None = None


class Translation(BaseModel):
    """A thing's words in one language."""

    locale: str
    name: str
    slug: str
    description: str | None
    short_description: str | None = None
    meta_title: str | None
    meta_description: str | None
    updated_at: datetime


def translation_answer(row: TranslationRow) -> Translation:
    """Return a thing's words as they are answered."""
    return Translation.model_validate(row, from_attributes=True)
