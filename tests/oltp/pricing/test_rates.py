"""Currency rates: the ECB's file is read, hostile ones are refused, and prices are converted by what was known."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.pricing.ecb import Rate, fetch_rates, read_rates, store_rates
from oltp.pricing.errors import PriceMissing, RatesUnavailable, RatesUnreadable
from oltp.pricing.queries import PriceWish, RateUsed, ResolvedPrice, resolve_prices
from oltp.pricing.rules import convert
from oltp.pricing.tasks import refresh_rates
from tests.conftest import NOON, cloned_database
from tests.selling import Goods, Shop, open_shop

# The beginning and the end of the real file of a day.
FILE = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender>
		<gesmes:name>European Central Bank</gesmes:name>
	</gesmes:Sender>
	<Cube>
		<Cube time='2026-11-23'>
			<Cube currency='USD' rate='1.1525'/>
			<Cube currency='JPY' rate='180.45'/>
			<Cube currency='GBP' rate='0.87935'/>
		</Cube>
	</Cube>
</gesmes:Envelope>"""
MONDAY = date(2026, 11, 23)


def day_of(*rates: str, day: str = "2026-11-23") -> bytes:
    """A file of one day whose innermost elements are these."""
    return (f"<e xmlns='http://www.ecb.int/vocabulary/2002-08-01/eurofxref'><Cube><Cube time='{day}'>"
            f"{''.join(rates)}</Cube></Cube></e>").encode()


def test_the_file_of_a_day() -> None:
    assert read_rates(FILE) == [Rate("USD", MONDAY, Decimal("1.1525")), Rate("JPY", MONDAY, Decimal("180.45")),
                                Rate("GBP", MONDAY, Decimal("0.87935"))]


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "no XML"), (b"<a>", "no XML"), (b"{}", "no XML"), (b"\xff\xfe<\x00a\x00", "no XML"), (b"<a/>", "no rate"),
    (FILE.replace(b"<gesmes:Envelope", b"<!DOCTYPE e [<!ENTITY a 'aaaa'>]><gesmes:Envelope", 1), "document type"),
    (FILE.replace(b"<gesmes:Envelope", b"<!DOCTYPE e SYSTEM 'file:///etc/passwd'><gesmes:Envelope", 1),
     "document type"),
    (FILE.replace(b"1.1525", b"&a;"), "no XML"), (FILE.replace(b"1.1525", b"-1"), "'-1' is no rate"),
    (FILE.replace(b"1.1525", b"NaN"), "no rate"), (FILE.replace(b"1.1525", b"1e999999999"), "no rate"),
    (FILE.replace(b"1.1525", b"0.00000000001"), "no rate"), (FILE.replace(b"1.1525", b"1,15"), "no rate"),
    (FILE.replace(b"USD", b"EUR"), "'EUR' is no currency"), (FILE.replace(b"USD", b"usd"), "no currency"),
    (FILE.replace(b"USD", b"GBP"), "two rates"), (FILE.replace(b"2026-11-23", b"yesterday"), "no day"),
    (FILE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "no XML"),
    (b"<a>" + b" " * 17 * 2**20 + b"</a>", "more than"),
])
def test_what_is_no_file_of_the_ecb_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(RatesUnreadable, match=reason):
        read_rates(content)


def test_only_files_and_the_web_are_asked(tmp_path: Path) -> None:
    for url in ("ftp://127.0.0.1/x", "data:text/xml,<a/>", "/etc/hostname", (tmp_path / "none.xml").as_uri()):
        with pytest.raises(RatesUnavailable):
            fetch_rates(url)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def rates(shared: Database) -> Database:
    """The database without any rate."""
    with shared.owner_session() as session:
        session.execute(text("DELETE FROM currency_rate"))
    return shared


def put(database: Database, base: str, quote: str, rate: str, *, day: date = MONDAY, source: str = "ecb",
        recorded_at: datetime = datetime(2026, 11, 23, 15, tzinfo=UTC)) -> None:
    with database.worker_session() as session:
        session.execute(text("INSERT INTO currency_rate VALUES (:source, :base, :quote, :day, :rate, :at)"),
                        {"source": source, "base": base, "quote": quote, "day": day, "rate": Decimal(rate),
                         "at": recorded_at})


def known(database: Database) -> list[tuple[Any, ...]]:
    with database.worker_session() as session:
        return [tuple(row) for row in session.execute(text(
            "SELECT source, base, quote, rated_on, rate FROM currency_rate ORDER BY quote, rated_on"))]


def test_a_day_is_kept_once_and_never_changed(rates: Database) -> None:
    found = read_rates(FILE)
    for expected in (3, 0):
        with rates.worker_session() as session:
            assert store_rates(session, rates=found) == expected
    with rates.worker_session() as session:
        assert store_rates(session, rates=[Rate("USD", MONDAY, Decimal(9)), Rate("USD", NOON.date(), Decimal(2))]) == 1
    assert known(rates) == [
        ("ecb", "EUR", "GBP", MONDAY, Decimal("0.87935")), ("ecb", "EUR", "JPY", MONDAY, Decimal("180.45")),
        ("ecb", "EUR", "USD", MONDAY, Decimal("1.1525")), ("ecb", "EUR", "USD", NOON.date(), Decimal(2))]


def test_the_task_reads_the_address_it_is_given(rates: Database, clock: FixedClock, tmp_path: Path) -> None:
    file = tmp_path / "eurofxref-daily.xml"
    file.write_bytes(FILE)
    refresh_rates(Work(rates, clock, {}))
    assert known(rates) == []
    for _ in range(2):
        refresh_rates(Work(rates, clock, {}, rates_url=file.as_uri()))
    assert len(known(rates)) == 3


def convert_for(shop: Shop, goods: Goods, currency: str, *, at: datetime = NOON, quantity: int = 1) -> ResolvedPrice:
    with shop.database.session_for(shop.store_id) as session:
        (price,) = resolve_prices(
            session, store_id=shop.store_id, wishes=[PriceWish(goods.variant_id, quantity)], currency=currency,
            customer_id=None, at=at)
    return price


@pytest.fixture
def shop(rates: Database) -> Shop:
    """A shop in USD that converts."""
    shop = open_shop(rates)
    shop.settings(converts_currencies=True)
    return shop


def test_only_a_store_that_converts_has_converted_prices(shop: Shop) -> None:
    put(shop.database, "EUR", "USD", "1.25")
    goods = shop.product(1000)
    assert convert_for(shop, goods, "EUR").amount == 800
    shop.settings(converts_currencies=False)
    with pytest.raises(PriceMissing):
        convert_for(shop, goods, "EUR")


def test_an_explicit_price_comes_before_a_converted_one(shop: Shop) -> None:
    put(shop.database, "EUR", "USD", "1.25")
    goods = shop.product(1000)
    shop.price(goods, 999, currency="EUR", min_quantity=10)
    assert (convert_for(shop, goods, "EUR", quantity=10).source, convert_for(shop, goods, "EUR").source) == (
        "price", "converted")


def test_the_answer_says_by_which_rate(shop: Shop) -> None:
    """Against the euro, from the euro, and two currencies by way of it, each rounded once, half-even."""
    for quote, rate in (("USD", "1.1525"), ("JPY", "180.45"), ("KWD", "0.3534")):
        put(shop.database, "EUR", quote, rate)
    goods = shop.product(1999)
    for currency, rate, via, amount in (
            ("EUR", 1 / Decimal("1.1525"), "EUR", 1734), ("JPY", Decimal("180.45") / Decimal("1.1525"), "EUR", 3130),
            ("KWD", Decimal("0.3534") / Decimal("1.1525"), "EUR", 6130)):
        price = convert_for(shop, goods, currency)
        assert (price.amount, price.currency, price.source) == (amount, currency, "converted")
        assert price.rate == RateUsed("ecb", "USD", currency, MONDAY, rate, via)
        assert (price.base_amount, price.base_currency) == (1999, "USD")
        assert convert(1999, rate=price.rate.rate, base="USD", quote=currency) == amount
    european = shop.product(1999, currency="EUR")
    price = convert_for(shop, european, "USD")
    assert (price.amount, price.rate) == (2304, RateUsed("ecb", "EUR", "USD", MONDAY, Decimal("1.1525")))


def test_compare_at_and_tier_are_those_of_the_row_that_is_converted(shop: Shop) -> None:
    put(shop.database, "EUR", "USD", "2")
    goods = shop.product(1000)
    row = shop.price(goods, 500, min_quantity=3, compare_at_amount=800)
    price = convert_for(shop, goods, "EUR", quantity=3)
    assert (price.amount, price.compare_at_amount, price.min_quantity, price.price_id) == (250, 400, 3, row)


def test_a_rate_of_the_store_s_source_counts_and_a_direct_one_first(shop: Shop) -> None:
    put(shop.database, "EUR", "USD", "2")
    put(shop.database, "EUR", "GBP", "1")
    put(shop.database, "USD", "GBP", "0.75")
    put(shop.database, "EUR", "USD", "4", source="bank")
    goods = shop.product(1000)
    assert convert_for(shop, goods, "GBP").amount == 750
    assert convert_for(shop, goods, "EUR").amount == 500
    shop.settings(rate_source="bank")
    assert convert_for(shop, goods, "EUR").amount == 250
    with pytest.raises(PriceMissing):
        convert_for(shop, goods, "GBP")


def test_halves_go_to_the_even_unit() -> None:
    assert [convert(amount, rate=Decimal("0.5"), base="USD", quote="EUR") for amount in (1, 3, 5)] == [0, 2, 2]


def test_replay_at_an_old_instant_gives_the_same_minor_units(shop: Shop) -> None:
    """Later rates, also such as are recorded late for earlier days, and later prices change nothing in the past."""
    put(shop.database, "EUR", "USD", "1.25", day=date(2026, 11, 20),
        recorded_at=datetime(2026, 11, 20, 15, 5, tzinfo=UTC))
    goods = shop.product(1000)
    shop.price(goods, 1000, expires_at=NOON)
    moments = [NOON - timedelta(days=1), NOON - timedelta(minutes=1)]
    before = [convert_for(shop, goods, "EUR", at=at) for at in moments]
    put(shop.database, "EUR", "USD", "2", day=MONDAY, recorded_at=NOON)
    put(shop.database, "EUR", "USD", "4", day=NOON.date(), recorded_at=NOON + timedelta(hours=4))
    shop.price(goods, 100, effective_at=NOON)
    assert [convert_for(shop, goods, "EUR", at=at) for at in moments] == before
    assert [price.amount for price in before] == [800, 800]
    # A Sunday has Friday's rate; from the moment it is recorded, a rate is used.
    assert [convert_for(shop, goods, "EUR", at=NOON + timedelta(hours=hours)).amount for hours in (0, 4)] == [50, 25]


def test_no_rate_no_price(shop: Shop) -> None:
    goods = shop.product(1000)
    with pytest.raises(PriceMissing):
        convert_for(shop, goods, "EUR")
    put(shop.database, "EUR", "USD", "0.0000000001")
    dear = shop.product(2**53)
    with pytest.raises(PriceMissing):
        convert_for(shop, dear, "EUR")
