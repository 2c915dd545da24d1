"""Prices: list prices, legacy floats and the windows of product_price say the same, whoever writes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.pricing.actions import set_price
from oltp.pricing.invariants import INVARIANTS
from stormcom.schema import downgrade, upgrade
from tests.conftest import IS_FULL, cloned_database
from tests.migrations.legacy_shop import LegacyShop
from tests.migrations.test_image_mirror import together

STEPS = ("off", "shadow", "dual", "read_new", "done")


@pytest.fixture(scope="module")
def shared(server_url: str, adopted_template: str) -> Iterator[Database]:
    """One database for the module; every test makes a store of its own."""
    with cloned_database(server_url, adopted_template) as database:
        yield database


def amounts(shop: LegacyShop, owner: UUID) -> list[int]:
    return [row[1] for row in shop.windows(owner)]


def listed(shop: LegacyShop, product: UUID) -> tuple[Any, ...]:
    (row,) = shop.rows("SELECT price_amount, price, compare_at_amount FROM products WHERE id = :id", id=product)
    return row


def put(shop: LegacyShop, amount: int, **more: Any) -> UUID:
    with shop.database.session_for(shop.id) as session:
        return set_price(session, store_id=shop.id, currency=more.pop("currency", "USD"), amount=amount,
                         clock=SystemClock(), **more)


def check_history(shop: LegacyShop, owner: UUID) -> None:
    """Windows follow each other without overlap or gap and the last is open."""
    windows = shop.windows(owner)
    assert [row[3] for row in windows] == [*(row[2] for row in windows[1:]), None]
    assert all(row[2] < (row[3] or datetime.max.replace(tzinfo=UTC)) for row in windows)


def test_the_first_backfill_opens_one_window_since_the_product_was_made(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    products = [shop.add(f"P{place}", price=place + 0.99) for place in range(5)]
    variant = shop.add_variant(products[0], "V", 3.5)
    inheriting = shop.add_variant(products[0], "W", None)
    shop.stand_at("shadow")
    assert [kind for kind, _ in shop.divergences("pricing")] == ["missing"] * 6
    assert shop.backfill("pricing", size=2)["written"] == 6
    assert shop.divergences("pricing") == []
    for place, product in enumerate(products):
        ((currency, amount, starts, ends),) = shop.windows(product)
        assert (currency, amount, ends) == ("USD", place * 100 + 99, None)
        assert [starts] == shop.run("SELECT created_at FROM products WHERE id = :id", id=product)
    assert (amounts(shop, variant), amounts(shop, inheriting)) == ([350], [])
    assert shop.backfill("pricing")["written"] == 0


def test_the_report_says_what_had_to_be_decided(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    shop.add("EXACT", price=19.99, compare_at=29.99)
    shop.add("ROUNDED", price=19.999, compare_at=24.9949)
    shop.add("SMALL", price=0.001)
    negative = shop.add("NEGATIVE", price=-5.0)
    shop.add("BELOW", price=10.0, compare_at=8.0)
    shop.add("NEGATIVE-COMPARE", price=10.0, compare_at=-1.0)
    shop.stand_at("shadow")
    report = shop.backfill("pricing", size=2)
    wanted = {"rounded": 3, "negative": 1, "negative_compare_at": 1, "compare_at_below_price": 1, "products": 6,
              "rounded_billionths": 1_000_000 + 4_900_000 + 1_000_000, "is_suspected_minor_units": False, "busy": 0}
    assert {key: report[key] for key in wanted} == wanted
    assert {row["sku"] for row in report["rounded_examples"]} == {"ROUNDED", "SMALL"}
    assert str(negative) in {row["id"] for row in report["negative_examples"]}
    assert [kind for kind, _ in shop.divergences("pricing")] == ["negative"]


def test_prices_that_look_like_minor_units_are_warned_of(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    shop.add("A", price=7999.0)
    shop.add("B", price=100.0)
    assert shop.backfill("pricing")["is_suspected_minor_units"] is True
    yen = LegacyShop.make(shared, currency="JPY")
    yen.add("A", price=7999.0)
    assert yen.backfill("pricing")["is_suspected_minor_units"] is False


@pytest.mark.parametrize("step", STEPS)
def test_who_follows_whom_at_each_step(shared: Database, step: str) -> None:
    shop = LegacyShop.make(shared, step)
    product = shop.add("A", price=10.0)
    shop.run("UPDATE products SET price = 12.5, compare_at_price = 20")
    assert amounts(shop, product) == ([] if step == "off" else [1000, 1250])
    put(shop, 999, product_id=product)
    assert amounts(shop, product)[-1] == 999
    assert listed(shop, product) == ((1250, 12.5, 2000) if step in ("off", "shadow") else (999, 9.99, None))
    if step not in ("off", "shadow"):
        check_history(shop, product)
        assert shop.divergences("pricing") == []


def test_a_legacy_change_closes_a_window_and_keeps_its_end(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", price=10.0)
    later = datetime.now(UTC) + timedelta(days=7)
    put(shop, 800, product_id=product, effective_at=later)
    shop.run("UPDATE products SET price = 11")
    assert amounts(shop, product) == [1000, 1100, 800]
    assert shop.windows(product)[1][3] == later
    check_history(shop, product)
    shop.run("UPDATE products SET price = 12; UPDATE products SET price = 13")
    assert amounts(shop, product) == [1000, 1100, 1300, 800]
    check_history(shop, product)


def test_before_the_backfill_a_change_brings_the_old_price_along(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    product = shop.add("A", price=10.0)
    variant = shop.add_variant(product, "V", 5.0)
    shop.stand_at("shadow")
    shop.run("UPDATE products SET price = 11")
    shop.run("UPDATE product_variants SET price = NULL WHERE id = :id", id=variant)
    assert amounts(shop, product) == [1000, 1100]
    assert [row[3] is None for row in shop.windows(variant)] == [False]
    check_history(shop, product)
    assert shop.divergences("pricing") == []


def test_a_variant_inherits_and_stops_inheriting(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A")
    variant = shop.add_variant(product, "V", 5.0)
    shop.run("UPDATE product_variants SET price = NULL WHERE id = :id", id=variant)
    assert shop.divergences("pricing") == []
    put(shop, 700, variant_id=variant)
    assert shop.run("SELECT price FROM product_variants WHERE id = :id", id=variant) == [7.0]
    shop.run("DELETE FROM product_price WHERE variant_id = :id AND expires_at IS NULL", id=variant)
    assert shop.run("SELECT price FROM product_variants WHERE id = :id", id=variant) == [None]
    assert shop.divergences("pricing") == []
    assert amounts(shop, variant) == [500]


def test_negative_prices_are_kept_back_and_never_refused(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", price=10.0)
    variant = shop.add_variant(product, "V", -1.0)
    shop.run("UPDATE products SET price = -3")
    assert [row[1:2] for row in shop.windows(product)] == [(1000,)]
    assert shop.windows(product)[0][3] is not None
    assert shop.run("SELECT refresh_list_prices(:store)") == [0]
    assert [kind for kind, _ in shop.divergences("pricing")] == ["negative", "negative"]
    shop.run("UPDATE products SET price = 4")
    shop.run("UPDATE product_variants SET price = 2 WHERE id = :id", id=variant)
    assert (amounts(shop, product), amounts(shop, variant)) == ([1000, 400], [200])
    assert shop.divergences("pricing") == []


def test_another_currency_is_another_key(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", price=10.0)
    put(shop, 900, product_id=product, currency="EUR")
    assert listed(shop, product)[0] == 1000
    shop.run("UPDATE products SET currency = 'GBP'")
    windows = {row[0]: row for row in shop.windows(product)}
    assert windows["USD"][3] == windows["GBP"][2]
    assert (windows["GBP"][1], windows["EUR"][1], windows["EUR"][3]) == (1000, 900, None)
    assert shop.divergences("pricing") == []


def test_windows_that_begin_by_time_reach_the_list_by_refresh(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", price=10.0)
    put(shop, 800, product_id=product, effective_at=datetime.now(UTC) + timedelta(days=1),
        expires_at=datetime.now(UTC) + timedelta(days=2))
    assert amounts(shop, product) == [1000, 800, 1000]
    # As if a day and a half had passed, without anybody writing.
    ids = shop.run("SELECT id FROM product_price ORDER BY effective_at")
    with shared.owner_session() as session:
        session.execute(text("SELECT set_config('app.mirrors_prices', 'on', true)"))
        for each in ids:
            session.execute(text("""
                UPDATE product_price SET effective_at = effective_at - interval '36 hours',
                  expires_at = expires_at - interval '36 hours' WHERE id = :id"""), {"id": each})
    ((kind, detail),) = shop.divergences("pricing")
    assert (kind, detail["list_amount"], detail["row_amount"]) == ("stale", 1000, 800)
    assert shop.run("SELECT refresh_list_prices(:store)") == [1]
    assert listed(shop, product)[:2] == (800, 8.0)
    assert shop.divergences("pricing") == []
    assert shop.run("SELECT refresh_list_prices(:store)") == [0]


def test_writers_of_both_kinds_and_a_backfill_at_once(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    products = [shop.add(f"P{place}") for place in range(3)]
    variants = [shop.add_variant(product, f"V{place}", 5.0) for place, product in enumerate(products)]

    def old(turn: int) -> None:
        shop.run("UPDATE products SET price = :price WHERE id = :id", id=products[turn % 3], price=turn + 0.5)

    def old_variant(turn: int) -> None:
        shop.run("UPDATE product_variants SET price = :price WHERE id = :id", id=variants[turn % 3],
                 price=turn + 0.25 if turn % 4 else None)

    def new(turn: int) -> None:
        put(shop, turn * 7, product_id=products[turn % 3])
        put(shop, turn * 3, variant_id=variants[-(turn % 3)])

    assert together(old, old, old_variant, new, new, lambda _: shop.backfill("pricing", size=2),
                    lambda _: shop.run("SELECT refresh_list_prices(:store)"), rounds=300 if IS_FULL else 12) == []
    assert shop.divergences("pricing") == []
    for product in products:
        check_history(shop, product)


def test_a_backfill_that_dies_between_batches_goes_on_beside_a_writer(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    products = [shop.add(f"P{place}") for place in range(9)]
    shop.stand_at("shadow")
    shop.backfill("pricing", size=2, most=2)
    assert len(shop.divergences("pricing")) == 5
    assert together(lambda turn: shop.run("UPDATE products SET price = price + 1"),
                    lambda _: shop.backfill("pricing", size=2), rounds=3) == []
    assert shop.divergences("pricing") == []
    for product in products:
        check_history(shop, product)


@settings(max_examples=200 if IS_FULL else 8)
@given(st.lists(st.tuples(st.sampled_from(["legacy", "list", "new", "planned"]), st.integers(0, 5000)), max_size=8))
def test_random_programs_of_both_kinds_leave_no_divergence_and_no_gap(
    shared: Database, writes: list[tuple[str, int]]
) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A")
    for kind, amount in writes:
        if kind == "legacy":
            shop.run("UPDATE products SET price = CAST(:amount AS float8) / 100", amount=amount)
        elif kind == "list":
            shop.run("UPDATE products SET price_amount = :amount", amount=amount)
        elif kind == "new":
            put(shop, amount, product_id=product)
        else:
            soon = datetime.now(UTC) + timedelta(hours=1 + amount % 5)
            put(shop, amount, product_id=product, effective_at=soon, expires_at=soon + timedelta(hours=2))
        check_history(shop, product)
        if kind != "planned":
            assert listed(shop, product)[0] == amount
    assert shop.divergences("pricing") == []
    with shared.owner_session() as session:
        for statement in INVARIANTS.values():
            assert session.connection().exec_driver_sql(
                f"SELECT * FROM ({statement}) o WHERE store_id = '{shop.id}'").all() == []


def test_the_mirror_goes_and_comes_back(adopted_database: Database) -> None:
    shop = LegacyShop.make(adopted_database, "dual")
    product = shop.add("A", price=10.0)
    adopted_database.dispose()
    downgrade(adopted_database.url, "0021")
    with psycopg.connect(adopted_database.url) as connection:
        connection.execute("UPDATE products SET price = 12")
        assert connection.execute("SELECT amount FROM product_price").fetchall() == [(1000,)]
    upgrade(adopted_database.url, "main@head")
    assert [kind for kind, _ in shop.divergences("pricing")] == ["stale"]
    shop.backfill("pricing")
    assert shop.divergences("pricing") == []
    assert amounts(shop, product) == [1000, 1200]
    check_history(shop, product)
