"""Fulfilments of an order, their parcels, and what carriers report of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from oltp.shipping import fulfilling, parcels, queries
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.shipping.fulfillment_schemas import (
    CarrierEvent,
    Fulfillment,
    NewFulfillment,
    NewShipment,
    Shipment,
    TrackingBody,
    fulfillment_answer,
    shipment_answer,
)

router = APIRouter(tags=["shipping"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("order.read"))]
Packer = Annotated[Caller, Depends(require("order.fulfill"))]
Reporter = Annotated[Caller, Depends(require("shipping.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/orders/{order_id}/fulfillments", summary="List an order's fulfilments, oldest first")
def get_fulfillments(
    caller: Reader, session: StoreSession, order_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Fulfillment]:
    """Return a page of the order's fulfilments, with their items and parcels."""
    rows = queries.list_fulfillments(
        session, store_id=caller.store_id, order_id=order_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].fulfillment.id)]) if len(rows) > limit else None
    return Page[Fulfillment](items=[fulfillment_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/orders/{order_id}/fulfillments", status_code=201, summary="Take units of an order to be sent")
def post_fulfillment(
    caller: Packer, session: StoreSession, clock: CurrentClock, order_id: UUID, body: NewFulfillment
) -> Fulfillment:
    """Make a fulfilment of some units, or without `items` of all that is left.

    Refused: more than ordered − cancelled − fulfilled, an order on hold, an unpaid one (but for cash on delivery and
    bank transfer).
    """
    quantities = {item.order_item_id: item.quantity for item in body.items}
    made = fulfilling.create_fulfillment(
        session, store_id=caller.store_id, order_id=order_id, quantities=quantities, clock=clock)
    return _answer(caller, session, made.id)


@router.get("/v1/fulfillments/{fulfillment_id}", summary="Read a fulfilment")
def get_fulfillment(caller: Reader, session: StoreSession, fulfillment_id: UUID) -> Fulfillment:
    """Return a fulfilment with its items and parcels."""
    return _answer(caller, session, fulfillment_id)


@router.post("/v1/fulfillments/{fulfillment_id}/pack", summary="Note that a fulfilment is packed")
def pack(caller: Packer, session: StoreSession, clock: CurrentClock, fulfillment_id: UUID) -> Fulfillment:
    """Move it from pending to packed."""
    fulfilling.pack_fulfillment(session, store_id=caller.store_id, fulfillment_id=fulfillment_id, clock=clock)
    return _answer(caller, session, fulfillment_id)


@router.post("/v1/fulfillments/{fulfillment_id}/ship", summary="Note that a fulfilment has left")
def ship(
    caller: Packer, session: StoreSession, clock: CurrentClock, fulfillment_id: UUID, body: TrackingBody
) -> Fulfillment:
    """Move it to shipped; the order becomes SHIPPED when all of it has left. Done again, only the tracking changes."""
    fulfilling.ship_fulfillment(session, store_id=caller.store_id, fulfillment_id=fulfillment_id,
                                tracking=body.tracking(), clock=clock)
    return _answer(caller, session, fulfillment_id)


@router.post("/v1/fulfillments/{fulfillment_id}/deliver", summary="Note that a fulfilment has arrived")
def deliver(caller: Packer, session: StoreSession, clock: CurrentClock, fulfillment_id: UUID) -> Fulfillment:
    """Move it to delivered; the order becomes DELIVERED when all of it has arrived."""
    fulfilling.deliver_fulfillment(session, store_id=caller.store_id, fulfillment_id=fulfillment_id, clock=clock)
    return _answer(caller, session, fulfillment_id)


@router.post("/v1/fulfillments/{fulfillment_id}/cancel", summary="Cancel a fulfilment")
def cancel(caller: Packer, session: StoreSession, clock: CurrentClock, fulfillment_id: UUID) -> Fulfillment:
    """Give its units back to be sent otherwise. What has left can't be cancelled: it comes back as a return."""
    fulfilling.cancel_fulfillment(session, store_id=caller.store_id, fulfillment_id=fulfillment_id, clock=clock)
    return _answer(caller, session, fulfillment_id)


@router.get("/v1/fulfillments/{fulfillment_id}/shipments", summary="List a fulfilment's parcels, oldest first")
def get_shipments(
    caller: Reader, session: StoreSession, fulfillment_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Shipment]:
    """Return a page of the fulfilment's parcels."""
    rows = queries.list_shipments(
        session, store_id=caller.store_id, fulfillment_id=fulfillment_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Shipment](items=[shipment_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/fulfillments/{fulfillment_id}/shipments", status_code=201, summary="Add a parcel to a fulfilment")
def post_shipment(
    caller: Packer, session: StoreSession, clock: CurrentClock, fulfillment_id: UUID, body: NewShipment
) -> Shipment:
    """Add a parcel with its label and tracking; the order shows the tracking of its last parcel."""
    return shipment_answer(parcels.create_shipment(
        session, store_id=caller.store_id, fulfillment_id=fulfillment_id, parcel=body.parcel(), clock=clock))


@router.get("/v1/shipments/{shipment_id}", summary="Read a parcel")
def get_shipment(caller: Reader, session: StoreSession, shipment_id: UUID) -> Shipment:
    """Return a parcel."""
    return shipment_answer(queries.get_shipment(session, store_id=caller.store_id, shipment_id=shipment_id))


@router.post("/v1/shipments/{shipment_id}/events", summary="Report what happened to a parcel")
def post_event(
    caller: Reporter, session: StoreSession, clock: CurrentClock, shipment_id: UUID, body: CarrierEvent
) -> Shipment:
    """Take a carrier's report. A report sent again changes nothing, and reports may come in any order.

    The parcel's fulfilment is shipped when its first parcel moves, delivered when its last one has arrived.
    """
    return shipment_answer(parcels.record_carrier_event(
        session, store_id=caller.store_id, shipment_id=shipment_id, report=body.report(), clock=clock))


def _answer(caller: Caller, session: StoreSession, fulfillment_id: UUID) -> Fulfillment:
    return fulfillment_answer(queries.get_fulfillment(
        session, store_id=caller.store_id, fulfillment_id=fulfillment_id))
