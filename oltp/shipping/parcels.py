"""Writes of parcels: label, carrier, tracking, and what carriers report, once per report and in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_order
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event
from oltp.shipping.errors import FulfillmentMoved, ReportInvalid, ShipmentNotFound, ShipmentRefTaken
from oltp.shipping.fulfilling import lock_fulfillment, reach, show_tracking
from oltp.shipping.models import Fulfillment, Shipment, ShipmentEvent
from oltp.shipping.rules import Tracking, check_tracking
from oltp.shipping.states import SHIPMENT, Report, follow

# A carrier's clock may be ahead of ours by so much; a moment further on would outdo every later report.
CLOCK_DIFFERENCE = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class NewParcel:
    """What is known of a parcel when its label is made. `external_ref` is the carrier's own id of it."""

    tracking: Tracking
    service: str | None = None
    label_url: str | None = None
    external_ref: str | None = None
    weight_grams: int | None = None
    cost_amount: int | None = None
    currency: str | None = None


@dataclass(frozen=True)
class CarrierReport:
    """One report of a carrier; `external_ref` is its own id of it, `body` what came, kept as it is."""

    name: str
    external_ref: str
    occurred_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


def create_shipment(
    session: Session, *, store_id: UUID, fulfillment_id: UUID, parcel: NewParcel, clock: Clock
) -> Shipment:
    """Add a parcel to a fulfilment that has not arrived and is not cancelled.

    Errors: FulfillmentNotFound, FulfillmentMoved, ShipmentRefTaken, TrackingInvalid.
    """
    check_tracking(parcel.tracking, needs_carrier=True)
    fulfillment = lock_fulfillment(session, store_id=store_id, fulfillment_id=fulfillment_id)
    if fulfillment.status in ("delivered", "canceled"):
        raise FulfillmentMoved(status=fulfillment.status, wanted="sent in another parcel")
    _check_ref(session, store_id=store_id, parcel=parcel)
    tracking = parcel.tracking
    shipment = Shipment(
        id=new_id(), store_id=store_id, fulfillment_id=fulfillment_id, carrier=tracking.carrier,
        service=parcel.service, tracking_number=tracking.number, tracking_url=tracking.url,
        label_url=parcel.label_url, external_ref=parcel.external_ref, weight_grams=parcel.weight_grams,
        cost_amount=parcel.cost_amount, currency=parcel.currency)
    session.add(shipment)
    show_tracking(session, fulfillment=fulfillment, tracking=tracking)
    session.flush()
    _record(session, shipment=shipment, order_id=fulfillment.order_id, verb="created", clock=clock)
    return shipment


def _check_ref(session: Session, *, store_id: UUID, parcel: NewParcel) -> None:
    if parcel.external_ref is not None and session.scalar(
            text("SELECT EXISTS (SELECT FROM shipment WHERE store_id = :store AND carrier = :carrier "
                 "AND external_ref = :ref)"),
            {"store": store_id, "carrier": parcel.tracking.carrier, "ref": parcel.external_ref}):
        raise ShipmentRefTaken(external_ref=parcel.external_ref, field="external_ref")


_ORDER_OF = text("""
    SELECT f.order_id FROM shipment s JOIN fulfillment f ON f.store_id = s.store_id AND f.id = s.fulfillment_id
    WHERE s.store_id = :store AND s.id = :shipment""")


def record_carrier_event(
    session: Session, *, store_id: UUID, shipment_id: UUID, report: CarrierReport, clock: Clock
) -> Shipment:
    """Take a carrier's report, and let the parcel, its fulfilment and the order follow all reports so far.

    A report that is known (by its own id) changes nothing; the end is the same in whatever order reports come.
    Errors: ShipmentNotFound, ReportInvalid.
    """
    _check_report(report, now=clock.now())
    keys = {"store": store_id, "shipment": shipment_id}
    order_id = session.scalar(_ORDER_OF, keys)
    if order_id is None or not lock_order(session, store_id=store_id, order_id=order_id):
        raise ShipmentNotFound(shipment_id=shipment_id)
    shipment = session.get_one(Shipment, shipment_id, populate_existing=True)
    known = select(ShipmentEvent.id).where(
        ShipmentEvent.store_id == store_id, ShipmentEvent.shipment_id == shipment_id,
        ShipmentEvent.external_ref == report.external_ref)
    if session.scalar(known) is not None:
        return shipment
    session.add(ShipmentEvent(
        id=new_id(), store_id=store_id, shipment_id=shipment_id, name=report.name, external_ref=report.external_ref,
        occurred_at=report.occurred_at, body=dict(report.body)))
    session.flush()
    _follow_reports(session, shipment=shipment, order_id=order_id, clock=clock)
    return shipment


def _check_report(report: CarrierReport, *, now: datetime) -> None:
    if report.name not in SHIPMENT:
        raise ReportInvalid(reason=f"A parcel's state is one of {', '.join(SHIPMENT)}.", field="name")
    if report.occurred_at > now + CLOCK_DIFFERENCE:
        raise ReportInvalid(reason="It can't have happened in the future.", field="occurred_at")
    if report.occurred_at < EARLIEST:
        raise ReportInvalid(reason="It can't have happened before 2000.", field="occurred_at")


def _follow_reports(session: Session, *, shipment: Shipment, order_id: UUID, clock: Clock) -> None:
    told = session.execute(select(ShipmentEvent.name, ShipmentEvent.occurred_at).where(
        ShipmentEvent.store_id == shipment.store_id, ShipmentEvent.shipment_id == shipment.id))
    parcel = follow(Report(name, occurred_at) for name, occurred_at in told)
    before = shipment.status
    shipment.status, shipment.shipped_at, shipment.delivered_at = parcel.status, parcel.shipped_at, parcel.delivered_at
    shipment.updated_at = clock.now()
    session.flush()
    if shipment.status != before:
        _record(session, shipment=shipment, order_id=order_id, verb="updated", clock=clock)
    fulfillment = session.get_one(Fulfillment, shipment.fulfillment_id, populate_existing=True)
    parcels = session.scalars(select(Shipment).where(
        Shipment.store_id == shipment.store_id, Shipment.fulfillment_id == fulfillment.id,
        Shipment.status != "canceled")).all()
    shipped_at, delivered_at = _reached(parcels)
    reach(session, fulfillment=fulfillment, shipped_at=shipped_at, delivered_at=delivered_at, clock=clock)


def _reached(parcels: Sequence[Shipment]) -> tuple[datetime | None, datetime | None]:
    """Return since when a fulfilment is on its way (its first parcel) and there (its last one)."""
    shipped = [parcel.shipped_at for parcel in parcels if parcel.shipped_at is not None]
    delivered = [parcel.delivered_at for parcel in parcels if parcel.delivered_at is not None]
    arrived = max(delivered) if delivered and len(delivered) == len(parcels) else None
    return min(shipped, default=None), arrived


def _record(session: Session, *, shipment: Shipment, order_id: UUID, verb: str, clock: Clock) -> None:
    record_event(
        session, store_id=shipment.store_id, name=f"shipment.{verb}", entity_type="shipment", entity_id=shipment.id,
        occurred_at=clock.now(),
        payload={"order_id": str(order_id), "fulfillment_id": str(shipment.fulfillment_id),
                 "shipment_id": str(shipment.id), "carrier": shipment.carrier, "status": shipment.status,
                 "tracking_number": shipment.tracking_number})
