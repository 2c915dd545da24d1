"""Bodies and answers about bundles."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.merchandising.bundles_actions import MOST_ITEMS, NewBundle
from oltp.merchandising.bundles_showing import ShownBundle
from search_api.merchandising.collection_schemas import Slug
from search_api.money import Money, money, money_or_none
from search_api.schemas import Body, Line, Quantity, Text

Pricing = Literal["sum", "fixed", "percent"]
Percent = Annotated[Decimal, Field(gt=0, le=100, decimal_places=3, description="10 is 10 %.")]


class BundleItemBody(Body):
    """How many of a variant one bundle takes."""

    variant_id: UUID
    quantity: Quantity = 1


Items = Annotated[list[BundleItemBody], Field(min_length=1, max_length=MOST_ITEMS)]


class BundleBody(Body):
    """A bundle to be made: `price` where its pricing is fixed, `discount_percent` where it is a percentage."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Desk set", "pricing": "fixed", "price": {"amount": 4999, "currency": "USD"},
        "items": [{"variant_id": "0199aa00-0000-7000-8000-000000000001", "quantity": 2},
                  {"variant_id": "0199aa00-0000-7000-8000-000000000002"}]}]})

    name: Line
    slug: Slug | None = Field(default=None, description="Made from the name where it is not given.")
    description: Text | None = None
    is_active: bool = True
    pricing: Pricing = "sum"
    price: Money | None = None
    discount_percent: Percent | None = None
    items: Items


class BundleChanges(Body):
    """Fields to be changed; what is not given stays. `items` are all items."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"pricing": "percent", "discount_percent": "12.5"}]})

    name: Line | None = None
    slug: Slug | None = None
    description: Text | None = None
    is_active: bool | None = None
    pricing: Pricing | None = None
    price: Money | None = None
    discount_percent: Percent | None = None
    items: Items | None = None


class BundleItemAnswer(BaseModel):
    """A variant in a bundle."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: Money | None


class BundleAnswer(BaseModel):
    """A bundle; its prices are for everybody, in the currency asked for, null where a part has none in it."""

    id: UUID
    name: str
    slug: str
    description: str | None
    is_active: bool
    pricing: Pricing
    fixed_price: Money | None
    discount_percent: Decimal | None
    items: list[BundleItemAnswer]
    available: int | None = Field(description="How many can be made now; null where nothing in it is counted.")
    parts_price: Money | None = Field(description="What the parts cost alone.")
    saving: Money | None
    price: Money | None
    created_at: datetime
    updated_at: datetime


def new_bundle(body: BundleBody) -> NewBundle:
    """Return what the body asks for."""
    return NewBundle(
        name=body.name, slug=body.slug, description=body.description, is_active=body.is_active, pricing=body.pricing,
        amount=None if body.price is None else body.price.amount,
        currency=None if body.price is None else body.price.currency, discount_percent=body.discount_percent,
        items=[(item.variant_id, item.quantity) for item in body.items])


def bundle_changes(body: BundleChanges) -> dict[str, Any]:
    """Return the fields that are given, by the names of the action."""
    given = {name: getattr(body, name) for name in body.model_fields_set if name not in ("price", "items")}
    if "price" in body.model_fields_set:
        given["amount"] = None if body.price is None else body.price.amount
        given["currency"] = None if body.price is None else body.price.currency
    if body.items is not None:
        given["items"] = [(item.variant_id, item.quantity) for item in body.items]
    return given


def bundle_answer(shown: ShownBundle) -> BundleAnswer:
    """Return the answer's form of a bundle."""
    row, currency = shown.row, shown.currency
    price = None
    if shown.sum_amount is not None and shown.saving_amount is not None:
        price = money(shown.sum_amount - shown.saving_amount, currency)
    items = [
        BundleItemAnswer(
            variant_id=part.variant_id, product_id=part.product_id, sku=part.sku, name=part.name,
            quantity=part.quantity, unit_price=money_or_none(part.unit_amount, currency))
        for part in shown.parts]
    return BundleAnswer(
        id=row.id, name=row.name, slug=row.slug, description=row.description, is_active=row.is_active,
        pricing=row.pricing, fixed_price=None if row.amount is None else money(row.amount, row.currency),
        discount_percent=row.discount_percent, items=items, available=shown.available,
        parts_price=money_or_none(shown.sum_amount, currency), saving=money_or_none(shown.saving_amount, currency),
        price=price, created_at=row.created_at, updated_at=row.updated_at)
