"""Schemas of carts: bodies and answers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from oltp.carts.actions import NewItem
from oltp.carts.models import Cart, CartItem
from oltp.carts.rules import MOST_CODES, MOST_ITEMS
from search_api.schemas import Address, Body, CurrencyCode, Email, Line, Quantity

Code = Annotated[Line, Field(max_length=100)]
Codes = Annotated[list[Code], Field(max_length=MOST_CODES, description="Discount codes; upper and lower case are one.")]
# What a storefront calls its visitor, as in analytics events.
Visitor = Annotated[Line, Field(max_length=200)]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=20)]
CartStatus = Literal["open", "ordered", "abandoned"]
EXAMPLE_ITEM: dict[str, JsonValue] = {"variant_id": "0199d0a4-0000-7000-8000-000000000001", "quantity": 2}


class ItemBody(Body):
    """A variant or a bundle, exactly one of them, and how many."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_ITEM]})

    variant_id: UUID | None = None
    bundle_id: UUID | None = None
    quantity: Quantity = 1


class NewCart(Body):
    """A cart to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"currency": "USD", "items": [EXAMPLE_ITEM], "visitor_id": "v-4711"}]})

    currency: CurrencyCode
    items: Annotated[list[ItemBody], Field(max_length=MOST_ITEMS)] = Field(default_factory=list)
    customer_id: UUID | None = None
    visitor_id: Visitor | None = None
    email: Email | None = None
    locale: Locale | None = None
    codes: Codes = Field(default_factory=list)
    shipping_address: Address | None = None
    shipping_method: Line | None = None

    def fields(self) -> dict[str, Any]:
        """Return the columns that are given, items and currency aside."""
        return _columns(self, without={"items", "currency"})


class CartChanges(Body):
    """Fields of a cart to be changed; null empties one, what is not sent stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"codes": ["SUMMER"]}]})

    currency: CurrencyCode = "USD"
    customer_id: UUID | None = None
    visitor_id: Visitor | None = None
    email: Email | None = None
    locale: Locale | None = None
    codes: Codes = Field(default_factory=list)
    shipping_address: Address | None = None
    shipping_method: Line | None = None

    def fields(self) -> dict[str, Any]:
        """Return the columns that are given."""
        return _columns(self, without=set())


def _columns(body: NewCart | CartChanges, *, without: set[str]) -> dict[str, Any]:
    columns = {name: getattr(body, name) for name in body.model_fields_set - without}
    if columns.get("shipping_address") is not None:
        columns["shipping_address"] = columns["shipping_address"].model_dump(exclude_none=True)
    return columns


class NewItems(Body):
    """Items to be put into a cart."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [EXAMPLE_ITEM]}]})

    items: Annotated[list[ItemBody], Field(min_length=1, max_length=MOST_ITEMS)]


class ItemChanges(Body):
    """How many are wanted now."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"quantity": 3}]})

    quantity: Quantity


class CartItemAnswer(BaseModel):
    """An item of a cart."""

    id: UUID
    variant_id: UUID | None
    bundle_id: UUID | None
    quantity: int


class CartAnswer(BaseModel):
    """A cart. What it costs is said by a quote."""

    id: UUID
    currency: str
    status: CartStatus
    customer_id: UUID | None
    visitor_id: str | None
    email: str | None
    locale: str | None
    codes: list[str]
    shipping_address: dict[str, Any] | None
    shipping_method: str | None
    version: int
    items: list[CartItemAnswer]
    created_at: datetime
    updated_at: datetime


def new_items(bodies: Iterable[ItemBody]) -> list[NewItem]:
    """Return items as the room takes them."""
    return [NewItem(body.variant_id, body.bundle_id, body.quantity) for body in bodies]


def cart_answer(cart: Cart, items: Iterable[CartItem]) -> CartAnswer:
    """Return a cart as it is answered."""
    own = [CartItemAnswer.model_validate(item, from_attributes=True) for item in items if item.cart_id == cart.id]
    return CartAnswer.model_validate(
        {name: getattr(cart, name) for name in CartAnswer.model_fields if name != "items"} | {"items": own})
