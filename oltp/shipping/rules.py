"""Rules of shipping rates: which zone holds, which band a parcel falls into, how profiles add up. No session, no clock.

A zone is a country with a region, a country, or everywhere. The most particular zone that a profile has rates for
(in the currency wanted) holds alone: what it doesn't offer is not offered there, whatever wider zones say.
A band is half-open: its lower edge belongs to it, its upper edge to the next one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from oltp.shipping.errors import ShippableInvalid, TrackingInvalid

Basis = Literal["weight", "price", "quantity"]
BASES: tuple[Basis, ...] = ("weight", "price", "quantity")


@dataclass(frozen=True)
class ShippableLine:
    """A line that is sent.

    `weight_grams` is of one unit (0 where nobody knows), `amount` of the whole line after its discounts (minor units).
    """

    product_id: UUID
    profile_id: UUID | None
    weight_grams: int
    quantity: int
    amount: int


@dataclass(frozen=True)
class Rate:
    """A rate as the rules see it: `amount` in minor units of `currency`, for values in [band_from, band_to)."""

    id: UUID
    name: str
    country: str | None
    region: str | None
    basis: Basis
    band_from: int
    band_to: int | None
    amount: int
    currency: str
    least_days: int | None = None
    most_days: int | None = None
    is_active: bool = True

    def covers(self, value: int) -> bool:
        """Whether the value falls into the band."""
        return self.band_from <= value and (self.band_to is None or value < self.band_to)


@dataclass(frozen=True)
class ShippingOption:
    """What a customer may choose; `rate_ids` are the rates it is made of, one per profile."""

    name: str
    amount: int
    currency: str
    least_days: int | None
    most_days: int | None
    rate_ids: tuple[UUID, ...]


# What a store without any rate offers: it has not said yet that shipping costs something.
FREE_NAME = "Standard"


def free_option(currency: str) -> ShippingOption:
    """Return the one option of a store without any rate."""
    return ShippingOption(FREE_NAME, 0, currency, None, None, ())


def normalise_region(region: str | None) -> str | None:
    """Return a region as it is stored and compared: capital letters, no blanks around, None where there is none."""
    cleaned = (region or "").strip().upper()
    return cleaned or None


def check_lines(lines: Sequence[ShippableLine]) -> None:
    """Refuse lines that nothing can be charged for. Errors: ShippableInvalid."""
    for index, line in enumerate(lines):
        for name, least in (("quantity", 1), ("weight_grams", 0), ("amount", 0)):
            if getattr(line, name) < least:
                raise ShippableInvalid(name=name, least=least, field=f"lines.{index}.{name}")


def _particularity(rate: Rate) -> int:
    return (rate.country is not None) + (rate.region is not None)


def _serves(rate: Rate, country: str | None, region: str | None) -> bool:
    if rate.country is not None and rate.country != country:
        return False
    return rate.region is None or rate.region == region


def rates_of_zone(
    rates: Iterable[Rate], *, country: str | None, region: str | None, currency: str
) -> list[Rate]:
    """Return the active rates of the most particular zone that the address lies in."""
    place = normalise_region(region)
    serving = [each for each in rates
               if each.is_active and each.currency == currency and _serves(each, country, place)]
    most = max(map(_particularity, serving), default=0)
    return [each for each in serving if _particularity(each) == most]


def measure(lines: Iterable[ShippableLine], basis: Basis) -> int:
    """Return what a profile's lines measure on a basis: grams, minor units or pieces."""
    if basis == "weight":
        return sum(line.weight_grams * line.quantity for line in lines)
    if basis == "price":
        return sum(line.amount for line in lines)
    return sum(line.quantity for line in lines)


def offers_of_profile(lines: Sequence[ShippableLine], rates: Iterable[Rate]) -> dict[str, Rate]:
    """Return name → rate for one profile's lines within one zone; where two bases fit one name, the lower amount."""
    values = {basis: measure(lines, basis) for basis in BASES}
    offers: dict[str, Rate] = {}
    for rate in sorted(rates, key=lambda each: (each.amount, each.id)):
        if rate.covers(values[rate.basis]):
            offers.setdefault(rate.name, rate)
    return offers


def combine(offers: Sequence[dict[str, Rate]], currency: str) -> list[ShippingOption]:
    """Return the names that every profile offers, amounts added, cheapest first."""
    if not offers:
        return []
    names = set(offers[0]).intersection(*offers[1:])
    options = [_option(name, [each[name] for each in offers], currency) for name in names]
    return sorted(options, key=lambda option: (option.amount, option.name))


def _option(name: str, rates: Sequence[Rate], currency: str) -> ShippingOption:
    # The order is there when its slowest part is; nobody knows when, where one part gives no days.
    return ShippingOption(
        name, sum(rate.amount for rate in rates), currency, _slowest([rate.least_days for rate in rates]),
        _slowest([rate.most_days for rate in rates]), tuple(rate.id for rate in rates))


def _slowest(days: Sequence[int | None]) -> int | None:
    known = [each for each in days if each is not None]
    return max(known) if len(known) == len(days) else None


def choose_options(
    lines: Sequence[ShippableLine], profiles: dict[UUID, Sequence[Rate]], *, default_id: UUID | None,
    country: str | None, region: str | None, currency: str,
) -> list[ShippingOption]:
    """Return the options for lines, `profiles` being the live ones with their rates.

    A line whose profile is none or gone ships by the default profile; without one it can't be sent, and neither can
    the rest, which would be half an order.
    """
    groups: dict[UUID, list[ShippableLine]] = {}
    for line in lines:
        profile = line.profile_id if line.profile_id in profiles else default_id
        if profile is None:
            return []
        groups.setdefault(profile, []).append(line)
    offers = [
        offers_of_profile(group, rates_of_zone(
            profiles.get(profile, ()), country=country, region=region, currency=currency))
        for profile, group in sorted(groups.items())]
    return combine(offers, currency)


@dataclass(frozen=True)
class Tracking:
    """Who carries a parcel, and how to follow it."""

    carrier: str | None = None
    number: str | None = None
    url: str | None = None


# Legacy's own bounds: its readers show these columns.
NUMBER_LENGTH, URL_LENGTH = 100, 500


def check_tracking(tracking: Tracking, *, needs_carrier: bool = False) -> None:
    """Errors: TrackingInvalid."""
    if needs_carrier and not (tracking.carrier or "").strip():
        raise TrackingInvalid(reason="A parcel has a carrier.", field="carrier")
    if tracking.number is not None and not 0 < len(tracking.number) <= NUMBER_LENGTH:
        raise TrackingInvalid(reason=f"A tracking number has 1 to {NUMBER_LENGTH} characters.", field="tracking_number")
    if tracking.url is not None and (
            not tracking.url.startswith(("https://", "http://")) or len(tracking.url) > URL_LENGTH):
        raise TrackingInvalid(
            reason=f"A tracking URL begins with https:// or http:// and has at most {URL_LENGTH} characters.",
            field="tracking_url")
