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
    price: Price | None = Field(description="Null: it can't be bought in the currency asked for.")
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
    return ProductItem.model_validate({
        **vars(row), "price": _price(row.price_amount, row.currency),
        "compare_at": _price(row.compare_at_amount, row.currency),
        "category": _named(row.category_slug, row.category_name), "brand": _named(row.brand_slug, row.brand_name)})


def _price(amount: int | None, currency: str) -> Price | None:
    return None if amount is None else Price(amount=amount, currency=currency)


def _named(slug: str | None, name: str | None) -> Named | None:
    return None if slug is None or name is None else Named(slug=slug, name=name)
