"""Reads of shipping: profiles with their rates, what is left to send, fulfilments with their parcels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, exists, select, text
from sqlalchemy.orm import Session

from oltp.orders.errors import OrderNotFound
from oltp.orders.models import Order
from oltp.shipping.coverage import Finding, check_rates
from oltp.shipping.errors import (
    FulfillmentNotFound,
    ProfileNotFound,
    RateNotFound,
    ShipmentNotFound,
)
from oltp.shipping.models import Fulfillment, FulfillmentItem, Shipment, ShippingProfile, ShippingRate
from oltp.shipping.rules import Rate


@dataclass(frozen=True)
class ShippableFacts:
    """What shipping must know of a variant: `weight_grams` of one unit, 0 where nobody has weighed it."""

    product_id: UUID
    profile_id: UUID | None
    weight_grams: int


# Weights are kilograms in the legacy columns.
_FACTS = text("""
    SELECT v.id, v.product_id, p.shipping_profile_id,
           least(greatest(round(CAST(coalesce(v.weight, p.weight, 0) AS numeric) * 1000), 0), 1000000000)::bigint
             AS weight_grams
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (CAST(:variants AS uuid[]))""")


def list_shippable_facts(
    session: Session, *, store_id: UUID, variant_ids: Collection[UUID]
) -> dict[UUID, ShippableFacts]:
    """Return profile and weight by variant, in one statement; a variant that is not there is missing."""
    rows = session.execute(_FACTS, {"store": store_id, "variants": sorted(set(variant_ids))})
    return {row.id: ShippableFacts(row.product_id, row.shipping_profile_id, row.weight_grams) for row in rows}


def get_profile(session: Session, *, store_id: UUID, profile_id: UUID) -> ShippingProfile:
    """Return a live profile. Errors: ProfileNotFound."""
    found = session.scalar(select(ShippingProfile).where(
        ShippingProfile.store_id == store_id, ShippingProfile.id == profile_id, ShippingProfile.deleted_at.is_(None)))
    if found is None:
        raise ProfileNotFound(profile_id=profile_id)
    return found


def list_profiles(
    session: Session, *, store_id: UUID, after: UUID | None, limit: int
) -> Sequence[ShippingProfile]:
    """Return a page of live profiles, oldest first; `after` is the id of the last one of the previous page."""
    query = select(ShippingProfile).where(ShippingProfile.store_id == store_id, ShippingProfile.deleted_at.is_(None))
    if after is not None:
        query = query.where(ShippingProfile.id > after)
    return session.scalars(query.order_by(ShippingProfile.id).limit(limit)).all()


def get_rate(session: Session, *, store_id: UUID, profile_id: UUID, rate_id: UUID) -> ShippingRate:
    """Return a rate of a live profile. Errors: ProfileNotFound, RateNotFound."""
    get_profile(session, store_id=store_id, profile_id=profile_id)
    found = session.scalar(_rates_of(store_id, profile_id).where(ShippingRate.id == rate_id))
    if found is None:
        raise RateNotFound(rate_id=rate_id)
    return found


def list_rates(
    session: Session, *, store_id: UUID, profile_id: UUID, after: UUID | None, limit: int
) -> Sequence[ShippingRate]:
    """Return a page of a profile's rates, oldest first. Errors: ProfileNotFound."""
    get_profile(session, store_id=store_id, profile_id=profile_id)
    query = _rates_of(store_id, profile_id)
    if after is not None:
        query = query.where(ShippingRate.id > after)
    return session.scalars(query.order_by(ShippingRate.id).limit(limit)).all()


def check_profile(session: Session, *, store_id: UUID, profile_id: UUID) -> list[Finding]:
    """Return the gaps and overlaps of a profile's active rates. Errors: ProfileNotFound."""
    get_profile(session, store_id=store_id, profile_id=profile_id)
    return check_rates(
        Rate(id=row.id, name=row.name, country=row.country, region=row.region, basis=row.basis,  # type: ignore[arg-type]
             band_from=row.band_from, band_to=row.band_to, amount=row.amount, currency=row.currency,
             is_active=row.is_active)
        for row in session.scalars(_rates_of(store_id, profile_id)))


def _rates_of(store_id: UUID, profile_id: UUID) -> Select[ShippingRate]:
    return select(ShippingRate).where(ShippingRate.store_id == store_id, ShippingRate.profile_id == profile_id)


@dataclass(frozen=True)
class FulfillmentView:
    """A fulfilment with its items and parcels."""

    fulfillment: Fulfillment
    items: Sequence[FulfillmentItem]
    shipments: Sequence[Shipment]


def get_fulfillment(session: Session, *, store_id: UUID, fulfillment_id: UUID) -> FulfillmentView:
    """Return a fulfilment in full. Errors: FulfillmentNotFound."""
    found = session.scalar(
        select(Fulfillment).where(Fulfillment.store_id == store_id, Fulfillment.id == fulfillment_id))
    if found is None:
        raise FulfillmentNotFound(fulfillment_id=fulfillment_id)
    return _complete(session, store_id=store_id, found=[found])[0]


def list_fulfillments(
    session: Session, *, store_id: UUID, order_id: UUID, after: UUID | None, limit: int
) -> list[FulfillmentView]:
    """Return a page of an order's fulfilments, oldest first, in four statements. Errors: OrderNotFound."""
    if not session.scalar(select(exists().where(
            Order.store_id == store_id, Order.id == order_id, Order.deleted_at.is_(None)))):
        raise OrderNotFound(order_id=order_id)
    query = select(Fulfillment).where(Fulfillment.store_id == store_id, Fulfillment.order_id == order_id)
    if after is not None:
        query = query.where(Fulfillment.id > after)
    found = session.scalars(query.order_by(Fulfillment.id).limit(limit)).all()
    return _complete(session, store_id=store_id, found=found)


def _complete(session: Session, *, store_id: UUID, found: Sequence[Fulfillment]) -> list[FulfillmentView]:
    ids = [each.id for each in found]
    items = session.scalars(select(FulfillmentItem).where(
        FulfillmentItem.store_id == store_id, FulfillmentItem.fulfillment_id.in_(ids)).order_by(
        FulfillmentItem.id)).all()
    shipments = session.scalars(select(Shipment).where(
        Shipment.store_id == store_id, Shipment.fulfillment_id.in_(ids)).order_by(Shipment.id)).all()
    return [FulfillmentView(
        each, [item for item in items if item.fulfillment_id == each.id],
        [shipment for shipment in shipments if shipment.fulfillment_id == each.id]) for each in found]


def list_shipments(
    session: Session, *, store_id: UUID, fulfillment_id: UUID, after: UUID | None, limit: int
) -> Sequence[Shipment]:
    """Return a page of a fulfilment's parcels, oldest first. Errors: FulfillmentNotFound."""
    if not session.scalar(select(exists().where(
            Fulfillment.store_id == store_id, Fulfillment.id == fulfillment_id))):
        raise FulfillmentNotFound(fulfillment_id=fulfillment_id)
    query = select(Shipment).where(Shipment.store_id == store_id, Shipment.fulfillment_id == fulfillment_id)
    if after is not None:
        query = query.where(Shipment.id > after)
    return session.scalars(query.order_by(Shipment.id).limit(limit)).all()


def get_shipment(session: Session, *, store_id: UUID, shipment_id: UUID) -> Shipment:
    """Return a parcel. Errors: ShipmentNotFound."""
    found = session.scalar(select(Shipment).where(Shipment.store_id == store_id, Shipment.id == shipment_id))
    if found is None:
        raise ShipmentNotFound(shipment_id=shipment_id)
    return found
