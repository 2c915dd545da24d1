"""Images: the legacy text and the rows of product_image say the same, whoever writes and whatever it is."""

import json
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oltp.catalog.actions import set_product_images
from oltp.db.session import Database
from stormcom.schema import downgrade, upgrade
from tests.conftest import IS_FULL, cloned_database
from tests.migrations.legacy_shop import LegacyShop

LONG = "https://a.test/" + "x" * 4000
# (what a legacy program wrote, the URLs in it)
TEXTS = (
    ("[]", []),
    ("", []),
    (" \n", []),
    ("null", []),
    ("42", []),
    ("{}", []),
    ('{"url": "https://a.test/1"}', ["https://a.test/1"]),
    ('["a", "b", "a"]', ["a", "b", "a"]),
    ('["a", "", null, 7, {"src": "b"}, ["c"]]', ["a", "b"]),
    ('"https://a.test/1"', ["https://a.test/1"]),
    ("https://a.test/1", ["https://a.test/1"]),
    ("/products/x.jpg", ["/products/x.jpg"]),
    ('["a", "b"', ['["a", "b"']),
    ('["\\u0000"]', ['["\\u0000"]']),
    (json.dumps([LONG, "b"]), ["b"]),
    # Deeper than any parser follows; too long for a row.
    ("[" * 100_000, []),
)


@pytest.fixture(scope="module")
def shared(server_url: str, adopted_template: str) -> Iterator[Database]:
    """One database for the module; every test makes a store of its own."""
    with cloned_database(server_url, adopted_template) as database:
        yield database


def urls(shop: LegacyShop, product: object) -> list[str]:
    return [row[0] for row in shop.images(product)]


def legacy(shop: LegacyShop, product: object) -> str:
    (found,) = shop.run("SELECT images FROM products WHERE id = :id", id=product)
    return str(found)


def test_a_backfill_reads_every_kind_of_text_and_says_what_it_decided(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    products = {shop.add(f"SKU{place}", images=written): expected for place, (written, expected) in enumerate(TEXTS)}
    assert shop.run("SELECT count(*) FROM product_image") == [0]
    shop.stand_at("shadow")
    assert len(shop.divergences("images")) == sum(bool(expected) for expected in products.values())
    report = shop.backfill("images", size=4)
    for product, expected in products.items():
        assert urls(shop, product) == expected
    assert shop.divergences("images") == []
    assert {key: report[key] for key in ("products", "not_a_list", "ignored", "overlong", "busy")} == {
        "products": len(TEXTS), "not_a_list": 6, "ignored": 4, "overlong": 2, "busy": 0}
    assert len(report["examples"]) == 11
    before = shop.run("SELECT id FROM product_image ORDER BY id")
    assert shop.backfill("images")["written"] == 0
    assert shop.run("SELECT id FROM product_image ORDER BY id") == before


@pytest.mark.parametrize(("written", "expected"), TEXTS)
def test_a_legacy_write_is_mirrored_from_shadow_on_and_never_refused(
    shared: Database, written: str, expected: list[str]
) -> None:
    for step in ("shadow", "dual"):
        shop = LegacyShop.make(shared, step)
        product = shop.add("A", images=written)
        assert urls(shop, product) == expected
        shop.run("""UPDATE products SET images = '["z"]'""")
        shop.run("UPDATE products SET images = :images", images=written)
        assert urls(shop, product) == expected
        assert legacy(shop, product) == written
        assert shop.divergences("images") == []


@pytest.mark.parametrize("step", ["off", "shadow", "dual", "read_new", "done"])
def test_who_follows_whom_at_each_step(shared: Database, step: str) -> None:
    shop = LegacyShop.make(shared, step)
    product = shop.add("A", images='["a", "b"]')
    assert urls(shop, product) == ([] if step == "off" else ["a", "b"])
    with shared.session_for(shop.id) as session:
        set_product_images(session, store_id=shop.id, product_id=product, urls=["c", "b"])
    assert urls(shop, product) == ["c", "b"]
    assert json.loads(legacy(shop, product)) == (["a", "b"] if step in ("off", "shadow") else ["c", "b"])


def test_a_row_keeps_its_words_while_its_url_stays(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", images='["a", "b", "c"]')
    shop.run("UPDATE product_image SET alt = 'about ' || url")
    before = {row[0]: row for row in shop.images(product)}
    shop.run("""UPDATE products SET images = '["c", "d", "a", "a"]'""")
    after = shop.images(product)
    assert [row[:2] for row in after] == [("c", "about c"), ("d", None), ("a", "about a"), ("a", None)]
    assert (after[0], after[2]) == (before["c"], before["a"])


def test_a_new_writer_loses_no_overlong_url_and_needs_no_legacy_column(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A", images=json.dumps([LONG, "a"]))
    shop.run("UPDATE product_image SET url = 'b'")
    assert json.loads(legacy(shop, product)) == ["b", LONG]
    shop.run("DELETE FROM product_image")
    assert json.loads(legacy(shop, product)) == [LONG]
    (born,) = shop.run("""INSERT INTO products (store_id, name, slug, sku, price_amount)
                          VALUES (:store, 'B', 'b', 'B', 100) RETURNING id""")
    assert legacy(shop, born) == "[]"
    shop.run("DELETE FROM products")
    assert shop.run("SELECT count(*) FROM product_image") == [0]


def together(*programs: Callable[[int], None], rounds: int) -> list[BaseException]:
    """Run programs at once, each `rounds` times; return what they raised."""
    failures: list[BaseException] = []

    def run(program: Callable[[int], None]) -> None:
        try:
            for turn in range(rounds):
                program(turn)
        except BaseException as failure:  # the test must hear of it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_writers_of_both_kinds_and_a_backfill_at_once(shared: Database) -> None:
    shop = LegacyShop.make(shared, "dual")
    products = [shop.add(f"P{place}", images='["a"]') for place in range(3)]

    def old(turn: int) -> None:
        shop.run("UPDATE products SET images = :images WHERE id = :id", id=products[turn % 3],
                 images=json.dumps([f"old{turn}", "a"]))

    def older(turn: int) -> None:
        shop.run("UPDATE products SET images = :images WHERE id = :id", id=products[-(turn % 3)], images=f"bare{turn}")

    def new(turn: int) -> None:
        with shared.session_for(shop.id) as session:
            set_product_images(session, store_id=shop.id, product_id=products[turn % 3], urls=[f"new{turn}", "a"])

    assert together(old, older, new, new, lambda _: shop.backfill("images", size=2),
                    rounds=500 if IS_FULL else 15) == []
    assert shop.divergences("images") == []


def test_a_backfill_that_dies_between_batches_goes_on_beside_a_writer(shared: Database) -> None:
    shop = LegacyShop.make(shared)
    for place in range(9):
        shop.add(f"P{place}", images=f'["{place}"]')
    shop.stand_at("shadow")
    shop.backfill("images", size=2, most=2)
    assert len(shop.divergences("images")) == 5
    failures = together(
        lambda turn: shop.run("UPDATE products SET images = :images", images=f'["x{turn}"]') and None,
        lambda _: shop.backfill("images", size=2) and None, rounds=3)
    assert failures == []
    assert shop.divergences("images") == []


LISTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5)


@settings(max_examples=200 if IS_FULL else 8)
@given(st.lists(st.tuples(st.booleans(), LISTS), max_size=6))
def test_random_programs_of_both_kinds_leave_no_divergence(
    shared: Database, writes: list[tuple[bool, list[str]]]
) -> None:
    shop = LegacyShop.make(shared, "dual")
    product = shop.add("A")
    for is_legacy, wanted in writes:
        if is_legacy:
            shop.run("UPDATE products SET images = :images", images=json.dumps(wanted))
        else:
            with shared.session_for(shop.id) as session:
                set_product_images(session, store_id=shop.id, product_id=product, urls=wanted)
        assert urls(shop, product) == json.loads(legacy(shop, product)) == wanted
    assert shop.divergences("images") == []


def test_the_mirror_goes_and_comes_back_and_its_rows_stay(adopted_database: Database) -> None:
    shop = LegacyShop.make(adopted_database, "dual")
    product = shop.add("A", images='["a", "b"]')
    before = shop.images(product)
    adopted_database.dispose()
    downgrade(adopted_database.url, "0019")
    with psycopg.connect(adopted_database.url) as connection:
        connection.execute("UPDATE products SET images = '[]'")
        assert connection.execute("SELECT id FROM product_image ORDER BY position").fetchall() == [
            (row[2],) for row in before]
    upgrade(adopted_database.url, "main@head")
    assert [kind for kind, _ in shop.divergences("images")] == ["list"]
    shop.backfill("images")
    assert shop.divergences("images") == []
