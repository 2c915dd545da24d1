"""Answers about products."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from oltp.merchandising.queries import ListedProduct

ProductStatus = Literal["DRAFT", "ACTIVE", "ARCHIVED"]


class Price(BaseModel):
    """An amount of money."""

    amount: int = Field(description="In minor units of the currency: 1999 is 19.99 USD, but 1999 JPY.")
    currency: str = Field(description="ISO 4217.")


class Named(BaseModel):
    """A category or brand."""

    slug: str
    name: str


class ProductItem(BaseModel):
    """One product of the listing."""

    id: UUID
    name: str
    slug: str
    sku: str
    short_description: str | None
    status: ProductStatus
    price: Price
    compare_at: Price | None
    category: Named | None
    brand: Named | None
    thumbnail_url: str | None
    is_available: bool = Field(description="Whether any variant can be bought now.")
    is_featured: bool
    created_at: datetime
    updated_at: datetime


def product_item(row: ListedProduct) -> ProductItem:
    """Return the answer's form of a listed product."""
    fields = row._mapping
    compare_at = fields["compare_at_amount"]
    return ProductItem.model_validate({
        **fields, "price": Price(amount=fields["price_amount"], currency=fields["currency"]),
        "compare_at": None if compare_at is None else Price(amount=compare_at, currency=fields["currency"]),
        "category": _named(fields["category_slug"], fields["category_name"]),
        "brand": _named(fields["brand_slug"], fields["brand_name"])})


def _named(slug: str | None, name: str | None) -> Named | None:
    return None if slug is None or name is None else Named(slug=slug, name=name)
