"""Writes of shipping profiles, their rates, and which products ship by which profile; each under the profile's lock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_products, lock_shipping_profiles
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.kit.money import exponent
from oltp.outbox.actions import NewEvent, record_event, record_events
from oltp.shipping.coverage import check_rates
from oltp.shipping.errors import (
    DefaultProfileNeeded,
    ProductsUnknown,
    ProfileNameTaken,
    ProfileNotFound,
    RateInvalid,
    RateNotFound,
    RatesOverlap,
)
from oltp.shipping.models import ShippingProfile, ShippingRate
from oltp.shipping.rules import BASES, Basis, Rate, normalise_region


@dataclass(frozen=True)
class RateFields:
    """What a rate says: `amount` in minor units of `currency` for values in [band_from, band_to)."""

    name: str
    currency: str
    amount: int
    country: str | None = None
    region: str | None = None
    basis: Basis = "price"
    band_from: int = 0
    band_to: int | None = None
    least_days: int | None = None
    most_days: int | None = None
    is_active: bool = True


def create_profile(
    session: Session, *, store_id: UUID, name: str, clock: Clock, is_default: bool = False
) -> ShippingProfile:
    """Add a profile; a store's first one is its default. Errors: ProfileNameTaken."""
    live = _lock_live(session, store_id=store_id)
    _check_name(live, name, besides=None)
    profile = ShippingProfile(id=new_id(), store_id=store_id, name=name, is_default=is_default or not live,
                              created_at=clock.now(), updated_at=clock.now())
    if profile.is_default:
        _yield_default(session, live=live, clock=clock)
    session.add(profile)
    session.flush()
    _record(session, profile=profile, verb="created", clock=clock)
    return profile


def update_profile(
    session: Session, *, store_id: UUID, profile_id: UUID, clock: Clock, name: str | None = None,
    is_default: bool | None = None, expected_updated_at: datetime | None = None,
) -> ShippingProfile:
    """Rename a profile, or make it the default in place of the one that is; None leaves a field as it is.

    Errors: ProfileNotFound, Stale, ProfileNameTaken, DefaultProfileNeeded.
    """
    live = _lock_live(session, store_id=store_id)
    profile = _find(live, profile_id, expected_updated_at)
    if name is not None:
        _check_name(live, name, besides=profile)
        profile.name = name
    if is_default is False and profile.is_default:
        raise DefaultProfileNeeded(field="is_default")
    if is_default and not profile.is_default:
        _yield_default(session, live=live, clock=clock)
        profile.is_default = True
    profile.updated_at = clock.now()
    session.flush()
    _record(session, profile=profile, verb="updated", clock=clock)
    return profile


def delete_profile(
    session: Session, *, store_id: UUID, profile_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a profile; its products ship by the default one. Errors: ProfileNotFound, Stale, DefaultProfileNeeded."""
    live = _lock_live(session, store_id=store_id)
    profile = _find(live, profile_id, expected_updated_at)
    if profile.is_default and len(live) > 1:
        raise DefaultProfileNeeded()
    profile.deleted_at = profile.updated_at = clock.now()
    session.flush()
    _record(session, profile=profile, verb="deleted", clock=clock)


def _lock_live(session: Session, *, store_id: UUID) -> dict[UUID, ShippingProfile]:
    """Return the store's live profiles, locked: there is one default among them, and no name twice."""
    lock_shipping_profiles(session, store_id=store_id)
    # Read after the lock: a profile made meanwhile is among them.
    query = select(ShippingProfile).where(
        ShippingProfile.store_id == store_id, ShippingProfile.deleted_at.is_(None))
    found = session.scalars(query.execution_options(populate_existing=True))
    return {profile.id: profile for profile in found}


def _find(
    live: Mapping[UUID, ShippingProfile], profile_id: UUID, expected_updated_at: datetime | None = None
) -> ShippingProfile:
    profile = live.get(profile_id)
    if profile is None:
        raise ProfileNotFound(profile_id=profile_id)
    if expected_updated_at is not None and profile.updated_at != expected_updated_at:
        raise Stale()
    return profile


def _check_name(live: Mapping[UUID, ShippingProfile], name: str, *, besides: ShippingProfile | None) -> None:
    if any(other.name == name and other is not besides for other in live.values()):
        raise ProfileNameTaken(name=name, field="name")


def _yield_default(session: Session, *, live: Mapping[UUID, ShippingProfile], clock: Clock) -> None:
    for profile in live.values():
        if profile.is_default:
            profile.is_default, profile.updated_at = False, clock.now()
    # Before the new one is written: there may be one default only.
    session.flush()


def create_rate(session: Session, *, store_id: UUID, profile_id: UUID, rate: RateFields, clock: Clock) -> ShippingRate:
    """Add a rate to a profile. Errors: ProfileNotFound, RateInvalid, InvalidCurrency, RatesOverlap."""
    profile = _find(_lock_live(session, store_id=store_id), profile_id)
    made = ShippingRate(id=new_id(), store_id=store_id, profile_id=profile_id, created_at=clock.now())
    _write(session, row=made, rate=rate, profile=profile, clock=clock)
    return made


def update_rate(
    session: Session, *, store_id: UUID, profile_id: UUID, rate_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> ShippingRate:
    """Change some fields of a rate (those of RateFields).

    Errors: ProfileNotFound, RateNotFound, Stale, RateInvalid, InvalidCurrency, RatesOverlap.
    """
    profile = _find(_lock_live(session, store_id=store_id), profile_id)
    found = _find_rate(session, profile_id=profile_id, rate_id=rate_id, expected_updated_at=expected_updated_at)
    current = RateFields(**{each.name: getattr(found, each.name) for each in fields(RateFields)})
    _write(session, row=found, rate=replace(current, **changes), profile=profile, clock=clock)
    return found


def delete_rate(
    session: Session, *, store_id: UUID, profile_id: UUID, rate_id: UUID, clock: Clock,
    expected_updated_at: datetime | None = None,
) -> None:
    """Delete a rate. Errors: ProfileNotFound, RateNotFound, Stale."""
    profile = _find(_lock_live(session, store_id=store_id), profile_id)
    found = _find_rate(session, profile_id=profile_id, rate_id=rate_id, expected_updated_at=expected_updated_at)
    session.delete(found)
    session.flush()
    _record(session, profile=profile, verb="updated", clock=clock)


def _find_rate(
    session: Session, *, profile_id: UUID, rate_id: UUID, expected_updated_at: datetime | None
) -> ShippingRate:
    found = session.get(ShippingRate, rate_id, populate_existing=True)
    if found is None or found.profile_id != profile_id:
        raise RateNotFound(rate_id=rate_id)
    if expected_updated_at is not None and found.updated_at != expected_updated_at:
        raise Stale()
    return found


def _write(
    session: Session, *, row: ShippingRate, rate: RateFields, profile: ShippingProfile, clock: Clock
) -> None:
    rate = replace(rate, region=normalise_region(rate.region))
    _check_rate(rate)
    _check_overlap(session, row=row, rate=rate)
    for each in fields(RateFields):
        setattr(row, each.name, getattr(rate, each.name))
    row.updated_at = clock.now()
    session.add(row)
    session.flush()
    _record(session, profile=profile, verb="updated", clock=clock)


def _check_rate(rate: RateFields) -> None:
    exponent(rate.currency)
    if rate.region is not None and rate.country is None:
        raise RateInvalid(reason="A region is one of a country.", field="region")
    if rate.basis not in BASES:
        raise RateInvalid(reason=f"A rate is by {', '.join(BASES)}.", field="basis")
    if rate.amount < 0 or rate.band_from < 0:
        raise RateInvalid(reason="It may not be negative.", field="amount" if rate.amount < 0 else "band_from")
    if rate.band_to is not None and rate.band_to <= rate.band_from:
        raise RateInvalid(reason="A band ends above where it begins.", field="band_to")
    if rate.most_days is not None and (rate.least_days is None or rate.most_days < rate.least_days):
        raise RateInvalid(reason="most_days goes with least_days, and is not less.", field="most_days")


def _check_overlap(session: Session, *, row: ShippingRate, rate: RateFields) -> None:
    """Say in words what the database would refuse: it counts rates that are switched off as well."""
    others = session.scalars(select(ShippingRate).where(
        ShippingRate.store_id == row.store_id, ShippingRate.profile_id == row.profile_id, ShippingRate.id != row.id,
        ShippingRate.name == rate.name, ShippingRate.basis == rate.basis, ShippingRate.currency == rate.currency,
        ShippingRate.country.is_not_distinct_from(rate.country),
        ShippingRate.region.is_not_distinct_from(rate.region))).all()
    names = [each.name for each in fields(Rate) if each.name not in ("id", "is_active")]
    every = [Rate(id=other.id, **{name: getattr(other, name) for name in names}) for other in others]
    every.append(Rate(id=row.id, **{name: getattr(rate, name) for name in names}))
    overlap = next((finding for finding in check_rates(every) if finding.kind == "overlap"), None)
    if overlap is not None:
        raise RatesOverlap(reason=overlap.message, field="band_from")


def assign_products(
    session: Session, *, store_id: UUID, profile_id: UUID | None, product_ids: Collection[UUID], clock: Clock
) -> int:
    """Let products ship by a profile, None by the default one; return how many did not yet.

    A number of statements that doesn't grow with them. Errors: ProfileNotFound, ProductsUnknown.
    """
    if profile_id is not None:
        _find(_lock_live(session, store_id=store_id), profile_id)
    found = lock_products(session, store_id=store_id, product_ids=sorted(set(product_ids)))
    unknown = sorted(set(product_ids) - set(found))
    if unknown:
        raise ProductsUnknown(product_ids=", ".join(map(str, unknown[:10])), field="product_ids")
    changed = session.scalars(text("""
        UPDATE products SET shipping_profile_id = :profile, updated_at = :now
        WHERE store_id = :store AND id = ANY (CAST(:products AS uuid[]))
          AND shipping_profile_id IS DISTINCT FROM CAST(:profile AS uuid) RETURNING id"""),
        {"store": store_id, "profile": profile_id, "products": found, "now": clock.now()}).all()
    payload = {"shipping_profile_id": None if profile_id is None else str(profile_id)}
    record_events(session, store_id=store_id, occurred_at=clock.now(), events=[
        NewEvent("product.shipping_profile_changed", "product", product, payload) for product in changed])
    return len(changed)


def _record(session: Session, *, profile: ShippingProfile, verb: str, clock: Clock) -> None:
    record_event(
        session, store_id=profile.store_id, name=f"shipping_profile.{verb}", entity_type="shipping_profile",
        entity_id=profile.id, payload={"name": profile.name, "is_default": profile.is_default},
        occurred_at=clock.now())
