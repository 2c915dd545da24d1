"""Schemas of returns: bodies and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from oltp.returns.actions import ReturnWish
from oltp.returns.queries import ReturnView
from oltp.returns.rules import Inspection
from search_api.schemas import Body, Text
from search_api.shipping.fulfillment_schemas import ItemQuantity, each_once

Status = Literal["requested", "approved", "received", "inspected", "refunded", "rejected"]
Reason = Literal["no_longer_wanted", "wrong_item", "not_as_described", "damaged", "defective", "other"]
Condition = Literal["new", "opened", "damaged"]
Outcome = Literal["restock", "discard"]


class NewReturn(Body):
    """What shall come back, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "order_id": "0197b2f0-0000-7000-8000-000000000001",
        "items": [{"order_item_id": "0197b2f0-0000-7000-8000-000000000002", "quantity": 1}],
        "reason_code": "no_longer_wanted"}]})

    order_id: UUID
    items: list[ItemQuantity] = Field(min_length=1, max_length=1000)
    reason_code: Reason | None = None
    note: Text | None = Field(default=None, description="What the customer says.")
    initiated_by_customer: bool = True

    _each_once = field_validator("items")(each_once)

    def wish(self) -> ReturnWish:
        """Return what is wanted as the room takes it."""
        quantities = {item.order_item_id: item.quantity for item in self.items}
        return ReturnWish(self.order_id, quantities, self.reason_code, self.note, self.initiated_by_customer)


class Rejection(Body):
    """Why a return is not taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Worn."}, {}]})

    reason: Text | None = None


class InspectedItem(Body):
    """What an inspector found of one item."""

    item_id: UUID = Field(description="The id of the return's item.")
    condition: Condition
    outcome: Outcome | None = Field(
        default=None, description="Null: what is new is restocked, what is opened or damaged discarded.")


class InspectionBody(Body):
    """What an inspector found of every item."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "items": [{"item_id": "0197b2f0-0000-7000-8000-000000000003", "condition": "new"}]}]})

    items: list[InspectedItem] = Field(min_length=1, max_length=1000)

    @field_validator("items")
    @classmethod
    def _each_once(cls, items: list[InspectedItem]) -> list[InspectedItem]:
        if len({item.item_id for item in items}) < len(items):
            raise ValueError("names an item twice")
        return items

    def found(self) -> dict[UUID, Inspection]:
        """Return item → what was found as the room takes it."""
        return {item.item_id: Inspection(item.condition, item.outcome) for item in self.items}


class ReturnedItem(BaseModel):
    """Units of a line that come back."""

    id: UUID
    order_item_id: UUID
    quantity: int
    condition: Condition | None = Field(description="Null until it is inspected.")
    outcome: Outcome | None


class Return(BaseModel):
    """A customer sends goods back."""

    id: UUID
    order_id: UUID
    status: Status
    reason_code: str | None
    note: str | None
    reject_reason: str | None
    initiated_by_customer: bool
    refund_id: UUID | None = Field(description="The refund; null too where all was refunded before.")
    items: list[ReturnedItem]
    created_at: datetime
    updated_at: datetime


def return_answer(view: ReturnView) -> Return:
    """Return a return as it is answered."""
    own = set(Return.model_fields) - {"items"}
    # The column says `new` before anybody has looked.
    items = [ReturnedItem.model_validate({
        "id": item.id, "order_item_id": item.order_item_id, "quantity": item.quantity, "outcome": item.outcome,
        "condition": item.condition if item.outcome else None}) for item in view.items]
    return Return(items=items, **{name: getattr(view.request, name) for name in own})
