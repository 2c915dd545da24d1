"""Schemas of fulfilments and parcels: bodies and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from oltp.shipping.models import Shipment as ShipmentRow
from oltp.shipping.parcels import CarrierReport, NewParcel
from oltp.shipping.queries import FulfillmentView
from oltp.shipping.rules import NUMBER_LENGTH, URL_LENGTH, Tracking
from search_api.money import Money, money
from search_api.schemas import Body, Foreign, Line, Quantity, Text

FulfillmentStatus = Literal["pending", "packed", "shipped", "delivered", "canceled"]
ShipmentStatus = Literal[
    "label_created", "in_transit", "out_for_delivery", "delivered", "exception", "returned", "canceled"]
Carrier = Annotated[Line, Field(max_length=100)]
Number = Annotated[Line, Field(max_length=NUMBER_LENGTH)]
Url = Annotated[Text, Field(max_length=URL_LENGTH, pattern="^https?://")]


class ItemQuantity(Body):
    """Units of a line of the order."""

    order_item_id: UUID
    quantity: Quantity


def each_once(items: list[ItemQuantity]) -> list[ItemQuantity]:
    """Return the items. Errors: ValueError when a line is named twice: which quantity would hold?"""
    if len({item.order_item_id for item in items}) < len(items):
        raise ValueError("names a line twice")
    return items


class NewFulfillment(Body):
    """Which units shall be sent; without items all that is left."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "items": [{"order_item_id": "0197b2f0-0000-7000-8000-000000000001", "quantity": 1}]}, {}]})

    items: Annotated[list[ItemQuantity], Field(min_length=1, max_length=1000)] = Field(
        default_factory=list, description="What is sent; all that is left, unless it is given.")

    _each_once = field_validator("items")(each_once)


class TrackingBody(Body):
    """Who carries it, and how to follow it; what is null stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "carrier": "UPS", "tracking_number": "1Z999AA10123456784",
        "tracking_url": "https://www.ups.com/track?num=1Z999AA10123456784"}, {}]})

    carrier: Carrier | None = None
    tracking_number: Number | None = None
    tracking_url: Url | None = None

    def tracking(self) -> Tracking:
        """Return the tracking as the room takes it."""
        return Tracking(self.carrier, self.tracking_number, self.tracking_url)


class NewShipment(Body):
    """A parcel to be added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "carrier": "UPS", "service": "Ground", "tracking_number": "1Z999AA10123456784",
        "label_url": "https://labels.example.com/1.pdf", "weight_grams": 1200,
        "cost": {"amount": 850, "currency": "USD"}}]})

    carrier: Carrier
    service: Carrier | None = None
    tracking_number: Number | None = None
    tracking_url: Url | None = None
    label_url: Url | None = None
    external_ref: Line | None = Field(default=None, description="The carrier's own id of the parcel.")
    weight_grams: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    cost: Money | None = Field(default=None, description="What the carrier takes for it.")

    def parcel(self) -> NewParcel:
        """Return the parcel as the room takes it."""
        return NewParcel(
            tracking=Tracking(self.carrier, self.tracking_number, self.tracking_url), service=self.service,
            label_url=self.label_url, external_ref=self.external_ref, weight_grams=self.weight_grams,
            cost_amount=self.cost.amount if self.cost else None, currency=self.cost.currency if self.cost else None)


class CarrierEvent(Body):
    """What a carrier reports of a parcel."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "in_transit", "external_ref": "ups-7781", "occurred_at": "2026-11-24T09:30:00Z"}]})

    name: ShipmentStatus
    external_ref: Line = Field(description="The carrier's own id of this report; a second one of it changes nothing.")
    occurred_at: AwareDatetime = Field(description="When it happened: what happened last counts.")
    body: Foreign = Field(default_factory=dict, description="What the carrier sent, kept as it is.")

    def report(self) -> CarrierReport:
        """Return the report as the room takes it."""
        return CarrierReport(self.name, self.external_ref, self.occurred_at, self.body)


class Shipment(BaseModel):
    """A parcel."""

    id: UUID
    fulfillment_id: UUID
    status: ShipmentStatus
    carrier: str
    service: str | None
    tracking_number: str | None
    tracking_url: str | None
    label_url: str | None
    external_ref: str | None
    weight_grams: int | None
    cost: Money | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


def shipment_answer(row: ShipmentRow) -> Shipment:
    """Return a parcel as it is answered."""
    cost = None if row.cost_amount is None or row.currency is None else money(row.cost_amount, row.currency)
    return Shipment(cost=cost, **{name: getattr(row, name) for name in set(Shipment.model_fields) - {"cost"}})


class FulfilledItem(BaseModel):
    """Units of a line in a fulfilment."""

    order_item_id: UUID
    quantity: int


class Fulfillment(BaseModel):
    """A part of an order on its way to the customer."""

    id: UUID
    order_id: UUID
    status: FulfillmentStatus
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    items: list[FulfilledItem]
    shipments: list[Shipment]
    shipped_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


def fulfillment_answer(view: FulfillmentView) -> Fulfillment:
    """Return a fulfilment as it is answered."""
    own = set(Fulfillment.model_fields) - {"items", "shipments"}
    return Fulfillment(
        items=[FulfilledItem(order_item_id=item.order_item_id, quantity=item.quantity) for item in view.items],
        shipments=[shipment_answer(row) for row in view.shipments],
        **{name: getattr(view.fulfillment, name) for name in own})
