"""Writes of taxes: rates are made, changed and deleted, each with its event."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.db.locking import lock_tax_rate
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event
from oltp.pricing.errors import TaxRateInvalid, TaxRateTaken, TaxRateUnknown
from oltp.pricing.tax_models import TaxRate
from oltp.pricing.tax_queries import STANDARD, get_tax_rate

# Digits after the point that numeric(9, 6) has.
_EXPONENT = -6


@dataclass(frozen=True)
class TaxFields:
    """A rate as it is written. `rate` is a share: 0.19 is 19 %. Without a region it holds for the whole country."""

    name: str
    country: str
    rate: Decimal
    region: str | None = None
    tax_class: str = STANDARD
    is_on_shipping: bool = True


def create_tax_rate(session: Session, *, store_id: UUID, fields: TaxFields, clock: Clock) -> TaxRate:
    """Add a rate. Errors, naming the field: TaxRateInvalid, TaxRateTaken."""
    values = _checked(vars(fields))
    row = TaxRate(id=new_id(), store_id=store_id, created_at=clock.now(), updated_at=clock.now(), **values)
    session.add(row)
    _flush(session)
    _tell(session, row=row, change="created", clock=clock)
    return row


def update_tax_rate(
    session: Session, *, store_id: UUID, tax_rate_id: UUID, changes: Mapping[str, object], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> TaxRate:
    """Change fields of a rate, those of TaxFields. Orders keep the tax they were made with.

    Errors: TaxRateUnknown, Stale; naming the field: TaxRateInvalid, TaxRateTaken.
    """
    row = _locked(session, store_id=store_id, tax_rate_id=tax_rate_id, expected=expected_updated_at)
    for name, value in _checked(changes).items():
        setattr(row, name, value)
    row.updated_at = _after(row.updated_at, clock=clock)
    _flush(session)
    _tell(session, row=row, change="updated", clock=clock)
    return row


def delete_tax_rate(
    session: Session, *, store_id: UUID, tax_rate_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a rate: what it was for is untaxed from now on. Errors: TaxRateUnknown, Stale."""
    row = _locked(session, store_id=store_id, tax_rate_id=tax_rate_id, expected=expected_updated_at)
    _tell(session, row=row, change="deleted", clock=clock)
    session.delete(row)
    session.flush()


def _locked(session: Session, *, store_id: UUID, tax_rate_id: UUID, expected: datetime | None) -> TaxRate:
    """Return the rate, locked. Errors: TaxRateUnknown, Stale."""
    if not lock_tax_rate(session, store_id=store_id, tax_rate_id=tax_rate_id):
        raise TaxRateUnknown(tax_rate_id=tax_rate_id)
    row = get_tax_rate(session, store_id=store_id, tax_rate_id=tax_rate_id)
    session.refresh(row)
    if expected is not None and row.updated_at != expected:
        raise Stale()
    return row


def _after(moment: datetime, *, clock: Clock) -> datetime:
    # Two changes within one tick of the clock must still have two ETags.
    return max(clock.now(), moment + datetime.resolution)


def _checked(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values as they are kept: names trimmed, regions in capitals. Errors: TaxRateInvalid."""
    kept = dict(values)
    for name in ("name", "region"):
        if isinstance(kept.get(name), str):
            kept[name] = str(kept[name]).strip()
    if kept.get("region") is not None:
        kept["region"] = str(kept["region"]).upper()
    for name, value in kept.items():
        reason = _complaint(name, value)
        if reason is not None:
            raise TaxRateInvalid(reason=reason, field=name)
    return kept


# What the columns hold, so that a refusal names the field.
_FORMS = {"country": r"[A-Z]{2}", "tax_class": r"[a-z][a-z0-9_]{0,62}", "name": r".{1,200}", "region": r".{1,100}"}


def _complaint(name: str, value: object) -> str | None:
    """Return what is wrong with a value, if anything is."""
    if name == "rate":
        if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= 1:
            return "a share from 0 to 1, 0.19 for 19 %"
        exponent = value.normalize().as_tuple().exponent
        return "at most six digits after the point" if isinstance(exponent, int) and exponent < _EXPONENT else None
    if name in _FORMS and not (name == "region" and value is None):
        is_right = isinstance(value, str) and re.fullmatch(_FORMS[name], value, re.DOTALL) is not None
        return None if is_right else f"must match {_FORMS[name]}"
    return None


def _flush(session: Session) -> None:
    """Flush. Errors: TaxRateTaken."""
    try:
        session.flush()
    except IntegrityError as error:
        if "tax_rate_store_id_country_region_tax_class_key" in str(error.orig):
            raise TaxRateTaken(field="tax_class") from None
        raise


def _tell(session: Session, *, row: TaxRate, change: str, clock: Clock) -> None:
    record_event(
        session, store_id=row.store_id, name="tax_rate.changed", entity_type="tax_rate", entity_id=row.id,
        payload={"change": change, "name": row.name, "country": row.country, "region": row.region,
                 "tax_class": row.tax_class, "rate": str(row.rate), "is_on_shipping": row.is_on_shipping},
        occurred_at=clock.now())
