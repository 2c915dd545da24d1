"""Zones, bands and their validator, against slow and obvious readings of the same rules."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.kit.ids import new_id
from oltp.shipping.coverage import check_rates, gaps, overlaps
from oltp.shipping.errors import ShippableInvalid
from oltp.shipping.rules import (
    Rate,
    ShippableLine,
    check_lines,
    choose_options,
    rates_of_zone,
)

PROFILE, OTHER = UUID(int=1), UUID(int=2)


def rate(amount: int = 500, **values: Any) -> Rate:
    """A rate for everything and everywhere, unless told."""
    row = {"name": "Standard", "country": None, "region": None, "basis": "price", "band_from": 0, "band_to": None,
           "currency": "USD", **values}
    return Rate(id=new_id(), amount=amount, **row)  # type: ignore[arg-type]


def line(quantity: int = 1, amount: int = 1000, weight_grams: int = 100, profile: UUID | None = None) -> ShippableLine:
    """A line of the default profile, unless told."""
    return ShippableLine(new_id(), profile, weight_grams, quantity, amount)


def options(
    lines: list[ShippableLine], profiles: dict[UUID, list[Rate]], country: str | None = "US", region: str | None = None
) -> list[tuple[str, int]]:
    """Names and amounts offered; the first profile is the default."""
    found = choose_options(lines, dict(profiles), default_id=PROFILE, country=country, region=region, currency="USD")
    return [(option.name, option.amount) for option in found]


def test_the_most_specific_zone_wins() -> None:
    rates = [rate(3000), rate(2000, country="US"), rate(1000, country="US", region="CA"), rate(1, country="DE")]
    assert options([line()], {PROFILE: rates}, "US", " ca ") == [("Standard", 1000)]
    assert options([line()], {PROFILE: rates}, "US", "TX") == [("Standard", 2000)]
    assert options([line()], {PROFILE: rates}, "US") == [("Standard", 2000)]
    assert options([line()], {PROFILE: rates}, "FR", "CA") == [("Standard", 3000)]
    assert options([line()], {PROFILE: rates}, None) == [("Standard", 3000)]
    # A zone holds alone: what it doesn't offer is not offered there.
    assert options([line()], {PROFILE: [rate(9, name="Express"), *rates]}, "US", "TX") == [("Standard", 2000)]
    # Rates that are switched off or of another currency make no zone.
    off = [rate(3000), rate(1, country="US", is_active=False), rate(2, country="US", currency="EUR")]
    assert options([line()], {PROFILE: off}, "US") == [("Standard", 3000)]


@pytest.mark.parametrize("basis,lines", [
    ("weight", lambda value: [line(quantity=1, weight_grams=value)]),
    ("price", lambda value: [line(amount=value)]),
    ("quantity", lambda value: [line(quantity=value)]),
])
def test_bands_are_half_open(basis: str, lines: Any) -> None:
    rates = {PROFILE: [rate(1, basis=basis, band_to=10), rate(2, basis=basis, band_from=10, band_to=20)]}
    found = [options(lines(value), rates) for value in (9, 10, 19, 20)]
    assert found == [[("Standard", 1)], [("Standard", 2)], [("Standard", 2)], []]


def test_weight_counts_each_unit_and_the_amount_is_the_lines() -> None:
    by_weight = {PROFILE: [rate(1, basis="weight", band_to=1000), rate(2, basis="weight", band_from=1000)]}
    assert options([line(quantity=9), line(quantity=1, weight_grams=99)], by_weight) == [("Standard", 1)]
    assert options([line(quantity=9), line(quantity=1)], by_weight) == [("Standard", 2)]
    by_price = {PROFILE: [rate(1, band_to=2000), rate(2, band_from=2000)]}
    assert options([line(quantity=50, amount=1000), line(amount=999)], by_price) == [("Standard", 1)]


def test_profiles_combine_by_the_name_of_the_option() -> None:
    profiles = {PROFILE: [rate(500), rate(1200, name="Express"), rate(0, name="Pickup")],
                OTHER: [rate(700, least_days=2, most_days=9), rate(100, name="Express")]}
    lines = [line(), line(profile=OTHER)]
    assert options(lines, profiles) == [("Standard", 1200), ("Express", 1300)]
    found = choose_options(lines, dict(profiles), default_id=PROFILE, country="US", region=None, currency="USD")
    assert found[0].least_days is None and found[0].most_days is None
    assert found[0].rate_ids == (profiles[PROFILE][0].id, profiles[OTHER][0].id)
    # A profile that nobody has rates for stops the order; one that is gone gives way to the default.
    assert options([line(), line(profile=OTHER)], {PROFILE: [rate()], OTHER: []}) == []
    assert options([line(profile=OTHER)], {PROFILE: [rate()]}) == [("Standard", 500)]
    assert choose_options([line()], {}, default_id=None, country="US", region=None, currency="USD") == []


def test_days_are_those_of_the_slowest_part() -> None:
    profiles = {PROFILE: [rate(1, least_days=1, most_days=8)], OTHER: [rate(1, least_days=3, most_days=5)]}
    found = choose_options([line(), line(profile=OTHER)], dict(profiles), default_id=PROFILE, country=None,
                           region=None, currency="USD")
    assert (found[0].least_days, found[0].most_days) == (3, 8)


def test_of_two_bases_the_lower_price_holds() -> None:
    both = [rate(500, basis="weight"), rate(300, basis="quantity")]
    assert options([line()], {PROFILE: both}) == [("Standard", 300)]
    assert [finding.kind for finding in check_rates(both)] == ["overlap"]


@pytest.mark.parametrize("name,value", [("quantity", 0), ("amount", -1), ("weight_grams", -1)])
def test_lines_that_make_no_sense_are_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ShippableInvalid) as refused:
        check_lines([line(), line(**{name: value})])
    assert refused.value.field == f"lines.1.{name}"


PLACES = st.sampled_from([(None, None), ("US", None), ("US", "CA"), ("US", "TX"), ("DE", None)])
RATES = st.lists(st.builds(
    lambda place, name, amount, since, length, basis, active: rate(
        amount, name=name, country=place[0], region=place[1], basis=basis, band_from=since,
        band_to=None if length == 0 else since + length, is_active=active),
    PLACES, st.sampled_from(["A", "B"]), st.integers(0, 9), st.integers(0, 12), st.integers(0, 12),
    st.sampled_from(["weight", "price", "quantity"]), st.booleans()), max_size=12)


@given(RATES, PLACES, st.integers(1, 14), st.integers(0, 20), st.integers(0, 3))
def test_options_equal_a_slow_reading(
    rates: list[Rate], place: tuple[str | None, str | None], quantity: int, amount: int, weight: int
) -> None:
    best: dict[str, int] = {}
    for zone in [(place[0], place[1]), (place[0], None), (None, None)]:
        here = [each for each in rates if (each.country, each.region) == zone and each.is_active]
        if here:
            for each in here:
                value = {"price": amount, "quantity": quantity, "weight": quantity * weight}[each.basis]
                if each.band_from <= value < (each.band_to or 10**9):
                    best[each.name] = min(best.get(each.name, 99), each.amount)
            break
    expected = sorted(((price, name) for name, price in best.items()))
    found = options([line(quantity, amount, weight)], {PROFILE: rates}, *place)
    assert found == [(name, price) for price, name in expected]
    assert found == options([line(quantity, amount, weight)], {PROFILE: rates[::-1]}, *place)


SPANS = st.lists(st.builds(lambda since, length: (since, since + length if length else None),
                           st.integers(0, 20), st.integers(0, 10)), max_size=6)


@given(SPANS)
def test_the_validator_finds_every_gap_and_overlap(spans: list[tuple[int, int | None]]) -> None:
    spans = sorted(spans, key=lambda span: span[0])

    def counts(found: list[tuple[int, int | None]], value: int) -> int:
        return sum(since <= value and (until is None or value < until) for since, until in found)

    for value in range(40):
        assert (counts(gaps(spans), value) == 1) == (counts(spans, value) == 0), value
        assert (counts(overlaps(spans), value) > 0) == (counts(spans, value) > 1), value


def test_gaps_and_overlaps_are_said_in_words() -> None:
    weight = [rate(basis="weight", band_from=500, band_to=1000), rate(basis="weight", band_from=2000, band_to=3000),
              rate(basis="weight", band_from=2500, band_to=2600)]
    assert [finding.message for finding in check_rates(weight)] == [
        "'Standard' has no price from 0 g to below 500 g in everywhere (USD), and nothing else is offered there.",
        "'Standard' has no price from 1000 g to below 2000 g in everywhere (USD), and nothing else is offered there.",
        "'Standard' has no price from 3000 g up in everywhere (USD), and nothing else is offered there.",
        "'Standard' has two prices from 2500 g to below 2600 g in everywhere (USD)."]
    free = [rate(599, country="US", region="CA"), rate(0, name="Free", country="US", region="CA", band_from=5000)]
    assert [(finding.message, finding.is_uncovered) for finding in check_rates(free)] == [
        ("'Free' has no price from 0.00 USD to below 50.00 USD in US-CA (USD); other options are offered.", False)]
    assert check_rates([rate(), rate(country="US"), rate(is_active=False, band_from=3)]) == []


def test_a_zone_is_chosen_by_currency_too() -> None:
    rates = [rate(country="US", currency="EUR"), rate(7)]
    assert [each.amount for each in rates_of_zone(rates, country="US", region=None, currency="USD")] == [7]
