"""Reads of taxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.pricing.errors import TaxRateUnknown
from oltp.pricing.tax_models import TaxRate

STANDARD = "standard"


@dataclass(frozen=True)
class TaxRateUsed:
    """A rate and where it comes from; `rate` is a share, 0.19 is 19 %. Without an id nothing is taxed."""

    id: UUID | None
    name: str
    rate: Decimal
    is_on_shipping: bool = True


UNTAXED = TaxRateUsed(None, "Untaxed", Decimal(0), False)


@dataclass(frozen=True)
class TaxTable:
    """The rates of one destination: tax class → rate."""

    rates: Mapping[str, TaxRateUsed]

    def rate_for(self, tax_class: str) -> TaxRateUsed:
        """Return the rate of a class; a class without a rate is untaxed there."""
        return self.rates.get(tax_class, UNTAXED)

    def shipping_rate(self) -> Decimal:
        """Return the rate of shipping: the standard one, where that is due on shipping too."""
        standard = self.rate_for(STANDARD)
        return standard.rate if standard.is_on_shipping else Decimal(0)


# A region's rate before the country's. Regions are kept in capitals, addresses have them in any case.
_TABLE = text("""
    SELECT DISTINCT ON (tax_class) tax_class, id, name, rate, is_on_shipping FROM tax_rate
    WHERE store_id = :store AND country = :country AND (region IS NULL OR region = :region OR upper(region) = :region)
    ORDER BY tax_class, region IS NULL, id""")


def get_tax_table(session: Session, *, store_id: UUID, country: str | None, region: str | None) -> TaxTable:
    """Return the rates of a destination, in one statement; nobody knows where: nothing is taxed."""
    rows = session.execute(_TABLE, {"store": store_id, "country": country, "region": (region or "").strip().upper()})
    return TaxTable({row.tax_class: TaxRateUsed(row.id, row.name, row.rate, row.is_on_shipping) for row in rows})


def get_tax_rate(session: Session, *, store_id: UUID, tax_rate_id: UUID) -> TaxRate:
    """Return a rate. Errors: TaxRateUnknown."""
    row = session.scalar(select(TaxRate).where(TaxRate.store_id == store_id, TaxRate.id == tax_rate_id))
    if row is None:
        raise TaxRateUnknown(tax_rate_id=tax_rate_id)
    return row


def list_tax_rates(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None = None, country: str | None = None
) -> list[TaxRate]:
    """Return a page of the store's rates by id, oldest first; `after` is the last id of the page before."""
    statement = select(TaxRate).where(TaxRate.store_id == store_id)
    if after is not None:
        statement = statement.where(TaxRate.id > after)
    if country is not None:
        statement = statement.where(TaxRate.country == country)
    return list(session.scalars(statement.order_by(TaxRate.id).limit(limit)))
