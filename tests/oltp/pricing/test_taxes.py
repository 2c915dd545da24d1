"""Taxes: net + tax = gross on every line, the rates of a destination, and how they are kept."""

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Stale
from oltp.kit.money import exponent, from_minor, split, to_minor
from oltp.pricing.errors import TaxRateInvalid, TaxRateTaken, TaxRateUnknown
from oltp.pricing.tax_actions import TaxFields, create_tax_rate, delete_tax_rate, update_tax_rate
from oltp.pricing.tax_queries import get_tax_table, list_tax_rates
from oltp.pricing.tax_rules import TaxedLine, tax_line
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.selling import Shop, open_shop

CARTS = 10_000 if IS_FULL else 200
RATES = [Decimal(rate) for rate in ("0", "0.05", "0.07", "0.077", "0.0825", "0.19", "0.255", "0.333333", "1")]
BERLIN = TaxFields("USt", "DE", Decimal("0.19"))


@given(gross=st.integers(0, 2**53), share=st.fractions(0, 1), rate=st.decimals(0, 1, places=6),
       includes_tax=st.booleans())
def test_net_and_tax_are_gross_on_every_line(
    gross: int, share: Fraction, rate: Decimal, includes_tax: bool
) -> None:
    discount = int(gross * share)
    line = tax_line(gross=gross, discount=discount, rate=rate, includes_tax=includes_tax)
    assert line.line_subtotal - line.line_discount + line.line_tax == line.line_total
    assert min(vars(line).values()) >= 0
    if includes_tax:
        assert line.line_total == gross - discount
    else:
        assert (line.line_subtotal, line.line_discount) == (gross, discount)
    # One rounding, by at most half a minor unit.
    net = line.line_subtotal - line.line_discount
    exact = Fraction(rate) * (gross - discount) / (1 + Fraction(rate) if includes_tax else 1)
    assert abs(line.line_tax - exact) <= Fraction(1, 2) and net == line.line_total - line.line_tax


def test_halves_go_to_the_even_unit() -> None:
    half = Decimal("0.5")
    assert [tax_line(gross=gross, discount=0, rate=half, includes_tax=False).line_tax for gross in (1, 3, 5)] == [
        0, 2, 2]
    assert tax_line(gross=1190, discount=0, rate=Decimal("0.19"), includes_tax=True) == TaxedLine(1000, 0, 190, 1190)
    assert tax_line(gross=1190, discount=595, rate=Decimal("0.19"), includes_tax=True) == TaxedLine(
        1000, 500, 95, 595)


@pytest.mark.parametrize(("gross", "discount", "rate"), [(1, 2, "0"), (1, -1, "0"), (1, 0, "-0.1")])
def test_lines_that_can_not_be_are_refused(gross: int, discount: int, rate: str) -> None:
    with pytest.raises(ValueError, match="no line"):
        tax_line(gross=gross, discount=discount, rate=Decimal(rate), includes_tax=True)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@pytest.mark.parametrize("includes_tax", [False, True])
def test_carts_re_add_exactly(currency: str, includes_tax: bool) -> None:
    """Random carts: lines in minor units add up to the same as in exact major units, and no line loses a unit."""
    choose = random.Random(f"{currency}{includes_tax}")
    step = Decimal(1).scaleb(-exponent(currency))
    for _ in range(CARTS):
        lines, paid = [], Decimal(0)
        grosses = [choose.choice((1, 99, 1999, 10**9)) * choose.randint(1, 50) for _ in range(choose.randint(1, 12))]
        discounts = split(choose.randint(0, sum(grosses)), grosses)
        for gross, discount in zip(grosses, discounts, strict=True):
            rate = choose.choice(RATES)
            lines.append(tax_line(gross=gross, discount=discount, rate=rate, includes_tax=includes_tax))
            net = from_minor(gross - discount, currency)
            tax = (net * rate).quantize(step, rounding=ROUND_HALF_EVEN)
            paid += net if includes_tax else net + tax
        assert all(line.line_subtotal - line.line_discount + line.line_tax == line.line_total for line in lines)
        subtotal, discount, tax_total, total = (
            sum(getattr(line, name) for line in lines)
            for name in ("line_subtotal", "line_discount", "line_tax", "line_total"))
        assert subtotal - discount + tax_total == total == to_minor(paid, currency)
        assert sum(from_minor(line.line_total, currency) for line in lines) == paid


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    return open_shop(shared)


def test_a_region_comes_before_its_country(shop: Shop) -> None:
    shop.tax("US", "0.05")
    shop.tax("US", "0.0825", region="CA")
    shop.tax("US", "0.01", region="CA", tax_class="food")
    shop.tax("DE", "0.19")
    with shop.database.session_for(shop.store_id) as session:
        def rate(country: str | None, region: str | None, tax_class: str = "standard") -> Decimal:
            table = get_tax_table(session, store_id=shop.store_id, country=country, region=region)
            return table.rate_for(tax_class).rate

        assert rate("US", "CA") == rate("US", " ca ") == Decimal("0.0825")
        assert rate("US", "NY") == rate("US", None) == Decimal("0.05")
        assert rate("US", "CA", "food") == Decimal("0.01")
        assert rate("US", "NY", "food") == rate("FR", None) == rate(None, None) == 0
        untaxed = get_tax_table(session, store_id=shop.store_id, country="FR", region=None).rate_for("standard")
        assert (untaxed.id, untaxed.name) == (None, "Untaxed")


def test_shipping_is_taxed_where_the_standard_rate_says_so(shop: Shop) -> None:
    shop.tax("DE", "0.19")
    shop.execute("UPDATE tax_rate SET is_on_shipping = false WHERE id = :id", id=shop.tax("US", "0.05"))
    with shop.database.session_for(shop.store_id) as session:
        assert [get_tax_table(session, store_id=shop.store_id, country=country, region=None).shipping_rate()
                for country in ("DE", "US", "FR")] == [Decimal("0.19"), 0, 0]


def test_a_rate_is_made_changed_and_deleted_with_its_events(shop: Shop, clock: FixedClock) -> None:
    with shop.database.session_for(shop.store_id) as session:
        made = create_tax_rate(session, store_id=shop.store_id, clock=clock, fields=TaxFields(
            " Sales tax ", "US", Decimal("0.0825"), region="ca"))
        assert (made.name, made.region) == ("Sales tax", "CA")
        before = made.updated_at
        changed = update_tax_rate(session, store_id=shop.store_id, tax_rate_id=made.id, clock=clock,
                                  changes={"rate": Decimal("0.09")}, expected_updated_at=before)
        assert changed.rate == Decimal("0.09") and changed.updated_at > before
        with pytest.raises(Stale):
            delete_tax_rate(session, store_id=shop.store_id, tax_rate_id=made.id, clock=clock,
                            expected_updated_at=before)
        delete_tax_rate(session, store_id=shop.store_id, tax_rate_id=made.id, clock=clock)
        assert list_tax_rates(session, store_id=shop.store_id, limit=10) == []
    assert shop.execute("""
        SELECT array_agg(payload ->> 'change' ORDER BY id) FROM domain_event
        WHERE store_id = :store AND name = 'tax_rate.changed'""") == ["created", "updated", "deleted"]


def test_what_is_no_rate_is_refused_by_field(shop: Shop, clock: FixedClock) -> None:
    wrong = {"rate": [Decimal("1.01"), Decimal("-0.1"), Decimal("NaN"), Decimal("0.1234567")], "country": ["de", "DEU"],
             "tax_class": ["Standard", ""], "name": [" ", "x" * 201], "region": ["", "x" * 101]}
    with shop.database.session_for(shop.store_id) as session:
        for field, values in wrong.items():
            for value in values:
                with pytest.raises(TaxRateInvalid) as caught:
                    create_tax_rate(session, store_id=shop.store_id, clock=clock,
                                    fields=TaxFields(**{**vars(BERLIN), field: value}))
                assert caught.value.field == field
        with pytest.raises(TaxRateUnknown):
            update_tax_rate(session, store_id=shop.store_id, tax_rate_id=uuid4(), changes={}, clock=clock)


def test_one_rate_a_place_and_class(shop: Shop, clock: FixedClock) -> None:
    with pytest.raises(TaxRateTaken), shop.database.session_for(shop.store_id) as session:
        for _ in range(2):
            create_tax_rate(session, store_id=shop.store_id, clock=clock, fields=BERLIN)


def test_a_listing_goes_on_after_its_last(shop: Shop) -> None:
    made = sorted(shop.tax(country, "0.1") for country in ("DE", "FR", "IT"))
    with shop.database.session_for(shop.store_id) as session:
        first = list_tax_rates(session, store_id=shop.store_id, limit=2)
        rest = list_tax_rates(session, store_id=shop.store_id, limit=2, after=first[-1].id)
        assert [row.id for row in [*first, *rest]] == made
        (french,) = list_tax_rates(session, store_id=shop.store_id, limit=2, country="FR")
    assert french.country == "FR" and NOON - timedelta(days=1) < french.created_at
