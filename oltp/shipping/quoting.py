"""What shipping costs: one statement for the rates in question, then the rules."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.shipping.rules import (
    Rate,
    ShippableLine,
    ShippingOption,
    check_lines,
    choose_options,
    free_option,
    normalise_region,
)

# The first row always comes, so that "no rate fits" and "no rate at all" can be told apart.
_RATES = text("""
    SELECT step.has_rates, p.id AS profile_id, p.is_default, r.id, r.name, r.country, r.region, r.basis, r.band_from,
           r.band_to, r.amount, r.currency, r.least_days, r.most_days, r.is_active
    FROM (SELECT EXISTS (
            SELECT FROM shipping_rate r JOIN shipping_profile p ON p.store_id = r.store_id AND p.id = r.profile_id
            WHERE r.store_id = :store AND p.deleted_at IS NULL) AS has_rates) step
    LEFT JOIN shipping_profile p ON p.store_id = :store AND p.deleted_at IS NULL
      AND (p.is_default OR p.id = ANY (CAST(:profiles AS uuid[])))
    LEFT JOIN shipping_rate r ON r.store_id = p.store_id AND r.profile_id = p.id AND r.is_active
      AND r.currency = :currency AND (r.country IS NULL OR r.country = :country)
      AND (r.region IS NULL OR r.region = :region)""")


def quote_shipping(
    session: Session, *, store_id: UUID, lines: Sequence[ShippableLine], country: str | None, region: str | None,
    currency: str,
) -> list[ShippingOption]:
    """Return what a customer may choose for these lines, cheapest first, in one statement.

    An option is a name that every profile in question offers; amounts add up. A store without any rate ships free.
    Empty: these goods can't be sent there, or not for this currency. Errors: ShippableInvalid.
    """
    check_lines(lines)
    wanted = sorted({line.profile_id for line in lines if line.profile_id is not None})
    place = normalise_region(region)
    rows = session.execute(_RATES, {
        "store": store_id, "profiles": wanted, "currency": currency, "country": country, "region": place}).all()
    if not rows[0].has_rates:
        return [free_option(currency)] if lines else []
    profiles: dict[UUID, list[Rate]] = {}
    for row in rows:
        if row.profile_id is not None:
            rates = profiles.setdefault(row.profile_id, [])
            if row.id is not None:
                rates.append(_rate(row))
    default = next((row.profile_id for row in rows if row.is_default), None)
    return choose_options(
        lines, dict(profiles), default_id=default, country=country, region=place, currency=currency)


def _rate(row: Row[Any]) -> Rate:
    return Rate(
        id=row.id, name=row.name, country=row.country, region=row.region, basis=row.basis, band_from=row.band_from,
        band_to=row.band_to, amount=row.amount, currency=row.currency, least_days=row.least_days,
        most_days=row.most_days, is_active=row.is_active)
