"""Schemas of orders: bodies."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from oltp.checkout.accounts import PaymentMethod
from oltp.checkout.wishes import PaymentChoice
from oltp.orders.actions import OrderChanges
from search_api.orders.schemas import OrderStatus
from search_api.schemas import Address, Body, Line, Quantity, Text

Note = Annotated[Text, Field(max_length=1000)]
Reason = Annotated[Text, Field(max_length=500)]
TrackingNumber = Annotated[Line, Field(max_length=100)]
TrackingUrl = Annotated[Text, Field(max_length=500, pattern=r"^https?://")]


class PaymentBody(Body):
    """How an order is paid."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"method": "CASH_ON_DELIVERY"}, {"method": "CREDIT_CARD", "token": "pm_card_visa"}]})

    method: PaymentMethod
    provider_config_id: UUID | None = Field(
        default=None, description="The store's account; the only one it has, unless it is named.")
    token: Annotated[Line | None, Field(max_length=255)] = Field(
        default=None, description="What the provider calls the customer's card.")

    def choice(self) -> PaymentChoice:
        """Return the choice as checkout takes it."""
        return PaymentChoice(self.method, self.provider_config_id, self.token)


class OrderPatch(Body):
    """Fields of an order to be changed; null empties one, what is not sent stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"admin_note": "Call before noon."}]})

    admin_note: Note | None = None
    customer_note: Note | None = None
    tracking_number: TrackingNumber | None = None
    tracking_url: TrackingUrl | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None

    def changes(self) -> OrderChanges:
        """Return what is to be changed, as the room takes it."""
        return _changes(self, without=set())


class Transition(Body):
    """Where the order shall go; tracking and note may ride along."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"to": "SHIPPED", "tracking_number": "1Z999AA10123456784"}]})

    to: OrderStatus
    reason: Reason | None = Field(default=None, description="Why it is cancelled.")
    tracking_number: TrackingNumber | None = None
    tracking_url: TrackingUrl | None = None
    admin_note: Note | None = None

    def changes(self) -> OrderChanges:
        """Return what rides along."""
        return _changes(self, without={"to", "reason"})


def _changes(body: OrderPatch | Transition, *, without: set[str]) -> OrderChanges:
    fields: dict[str, Any] = {}
    for name in body.model_fields_set - without:
        value = getattr(body, name)
        fields[name] = value.model_dump(exclude_none=True) if isinstance(value, Address) else value
    return OrderChanges(fields)


class Cancellation(Body):
    """Why the order is cancelled."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Not wanted any more."}]})

    reason: Reason | None = None


class Hold(Body):
    """Why the order is held."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Address to be checked."}]})

    reason: Reason


class CancelledUnits(Body):
    """Units of a line."""

    order_item_id: UUID
    quantity: Quantity


class ItemsCancellation(Body):
    """Which units are cancelled, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"items": [{"order_item_id": "0199d0a4-0000-7000-8000-000000000001", "quantity": 1}]}]})

    items: Annotated[list[CancelledUnits], Field(min_length=1, max_length=500)]
    reason: Reason | None = None

    def quantities(self) -> dict[UUID, int]:
        """Return line → quantity; a line that is named twice counts twice."""
        found: dict[UUID, int] = {}
        for item in self.items:
            found[item.order_item_id] = found.get(item.order_item_id, 0) + item.quantity
        return found
