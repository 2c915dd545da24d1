"""`stormcom import shopify`: every row in a bucket, everything at once, the same files twice change nothing."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.invariants import check_invariants
from oltp.kit.clock import FixedClock
from stormcom.importers.errors import BrokenFile, CurrencyMissing, StoreDiffers
from stormcom.importers.shopify.run import Files, Report, Wanted, run_import
from stormcom.importers.store import find_setting
from tests.stormcom.importers.shopify_files import (
    ADA,
    BLUE,
    BULB,
    LAMP,
    ORDER,
    PICTURE,
    SECOND_LINE,
    Cells,
    write_export,
)


@pytest.fixture
def bring(database: Database, clock: FixedClock, tmp_path: Path):
    """Import rows of any of the three kinds into the store `shop`."""

    def run(*, wanted: Wanted = Wanted(), **rows: Sequence[Cells]) -> Report:  # noqa: B008 - frozen
        files = Files(**{kind: write_export(tmp_path, kind, each) for kind, each in rows.items()})
        return run_import(database, files=files, store_slug="shop", wanted=wanted, clock=clock)

    return run


@pytest.fixture
def ask(database: Database):
    """Ask the store `shop` one question; the answer's rows as tuples."""

    def run(question: str) -> list[tuple[object, ...]]:
        with database.anonymous_session() as session:
            store: UUID | None = session.scalar(text("SELECT store_by_slug('shop')"))
        assert store is not None
        with database.session_for(store) as session:
            return [tuple(row) for row in session.execute(text(question))]

    return run


ALL = {"products": [LAMP, BLUE, PICTURE, BULB], "customers": [ADA], "orders": [ORDER, SECOND_LINE]}


def test_every_row_is_in_one_bucket(bring) -> None:
    nameless = {"First Name": "No", "Last Name": "Mail"}
    report = bring(products=[LAMP, BLUE, PICTURE, BULB, {}], customers=[ADA, {**ADA, "Email": "ADA@example.test"},
                   nameless], orders=[ORDER, SECOND_LINE, {**ORDER, "Name": "#1002", "Id": "5002", "Total": "99.00"}])
    assert report.files["products"]["rows"] == {"product": 2, "variant": 1, "image": 1, "blank": 1}
    assert report.files["customers"]["rows"] == {"customer": 1, "same e-mail again": 1, "without e-mail": 1}
    orders = report.files["orders"]["rows"]
    assert (orders["order"], orders["further line of an order"]) == (1, 1)
    assert sum(orders.values()) == 3 and any("left out" in bucket for bucket in orders)


def test_products_become_products(bring, ask, database: Database) -> None:
    bring(**ALL)
    assert ask("SELECT name, slug, sku, status::text, price_amount, compare_at_amount FROM products ORDER BY slug") == [
        ("Bulb", "bulb", "bulb-1", "DRAFT", 350, None), ("Lamp", "lamp", "L-R", "ACTIVE", 1999, 2500)]
    assert ask("SELECT sku, name, options, is_default, price_amount, weight FROM product_variants ORDER BY sku") == [
        ("L-B", "Blue", '{"Colour": "Blue"}', False, 2100, None), ("L-R", "Red", '{"Colour": "Red"}', True, 1999, 1.2),
        ("bulb-1", "Default", "{}", True, 350, None)]
    assert ask("""SELECT v.sku, l.on_hand, l.backorder_limit, l.is_tracked FROM inventory_level l
                  JOIN product_variants v ON v.id = l.variant_id ORDER BY 1""") == [
        ("L-B", -2, 1_000_000, True), ("L-R", 5, 0, True), ("bulb-1", 0, 0, False)]
    assert ask("SELECT url, alt, position FROM product_image ORDER BY position") == [
        ("https://example.test/1.jpg", "A red lamp", 0), ("https://example.test/2.jpg", None, 1)]
    assert ask("SELECT b.name, c.name FROM products p JOIN brands b ON b.id = p.brand_id "
               "JOIN categories c ON c.id = p.category_id") == [("Lux", "Lamps")]
    with database.worker_session() as session:
        assert [each.name for each in check_invariants(session) if not each.holds] == []


def test_orders_become_orders_of_their_customers(bring, ask) -> None:
    bring(**ALL)
    assert ask("""
        SELECT order_number, status::text, payment_status::text, order_subtotal_amount, order_discount_amount,
               order_shipping_amount, order_tax_amount, order_total_amount, discount_code, origin, external_ref
        FROM orders""") == [
        ("#1001", "SHIPPED", "PAID", 4348, 499, 500, 385, 4734, "TEN", "import", "shopify:5001")]
    assert ask("""SELECT i.sku, i.quantity, i.unit_price_amount, v.sku, i.line_total_amount
                  FROM order_items i LEFT JOIN product_variants v ON v.id = i.variant_id ORDER BY ordinal""") == [
        ("L-R", 2, 1999, "L-R", 3852), ("", 1, 350, None, 338)]  # 39.98 − 4.59 + 3.13, 3.50 − 0.40 + 0.28
    assert ask("SELECT email, first_name, total_orders, total_spent_amount FROM customers") == [
        ("ada@example.test", "Ada", 1, 4734)]
    assert ask("SELECT name, occurred_at = o.placed_at FROM domain_event JOIN orders o ON o.id = entity_id") == [
        ("order.placed", True)]
    assert ask("SELECT shipping_address::json->>'postalCode' FROM orders") == [("SW1Y 4JH",)]


def test_a_cancelled_and_a_refunded_order(bring, ask) -> None:
    cancelled = {**ORDER, "Cancelled at": "2026-03-04 10:00:00 +0000", "Financial Status": "refunded",
                 "Refunded Amount": "47.34"}
    partly = {**ORDER, "Name": "#1002", "Id": "5002", "Financial Status": "partially_refunded",
              "Refunded Amount": "10.00"}
    second = {**SECOND_LINE, "Name": "#1002"}
    report = bring(orders=[cancelled, SECOND_LINE, partly, second])
    assert ask("SELECT order_number, status::text, payment_status::text FROM orders ORDER BY 1") == [
        ("#1001", "CANCELED", "REFUNDED"), ("#1002", "SHIPPED", "PAID")]
    assert ask("""SELECT o.order_number, r.amount, sum(i.amount)::bigint
                  FROM refund r JOIN orders o ON o.id = r.order_id JOIN refund_item i ON i.refund_id = r.id
                  GROUP BY 1, 2 ORDER BY 1""") == [
        ("#1001", 4734, 4734), ("#1002", 1000, 1000)]
    assert ask("SELECT count(*) FROM domain_event WHERE name = 'order.cancelled'") == [(1,)]
    assert sum(report.files["orders"]["notes"].values()) == 2


def test_the_same_files_twice_change_nothing(bring, ask) -> None:
    bring(**ALL)
    before = ask("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM inventory_adjustment)")
    report = bring(**ALL)
    assert report.is_repeat and report.added == {}
    assert ask("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM inventory_adjustment)") == before


def test_a_newer_export_adds_only_what_is_new(bring, ask) -> None:
    bring(**ALL)
    newer = {**ORDER, "Name": "#1002", "Id": "5002", "Email": "new@example.test"}
    report = bring(products=[LAMP, BLUE, PICTURE, BULB], orders=[ORDER, SECOND_LINE, newer,
                                                                {**SECOND_LINE, "Name": "#1002"}])
    assert not report.is_repeat
    assert {table: count for table, count in report.added.items() if count} == {
        "customers": 1, "orders": 1, "items": 2, "events": 1}
    assert ask("SELECT sum(on_hand) FROM inventory_level") == [(3,)]
    assert ask("SELECT count(*) FROM customers") == [(2,)]


@pytest.mark.parametrize(("kind", "row", "reason"), [
    ("products", {**LAMP, "Variant Price": "cheap"}, "line 2, Variant Price: 'cheap' is not a number"),
    ("products", {**LAMP, "Variant Price": "1.999"}, "line 2, Variant Price: '1.999' is not an amount of USD"),
    ("products", {**LAMP, "Title": ""}, "line 2, Title: is empty in the first row of the product"),
    ("products", {**LAMP, "Status": "sold"}, "neither active, draft nor archived"),
    ("products", {**LAMP, "Handle": ""}, "line 2, Handle: is empty"),
    ("products", {**LAMP, "Variant Inventory Qty": "1.5"}, "not a whole number"),
    ("customers", {**ADA, "Email": "ada"}, "line 2, Email: 'ada' is not an e-mail address"),
    ("customers", {**ADA, "Accepts Email Marketing": "perhaps"}, "neither true nor false"),
    ("orders", {**ORDER, "Created at": "yesterday"}, "is not a time like 2024-01-15 10:23:45 -0500"),
    ("orders", {**ORDER, "Currency": "EUR"}, "line 2, Currency: is 'EUR', not USD"),
    ("orders", {**ORDER, "Lineitem quantity": "0"}, "Lineitem quantity: is not a whole number from 1 on"),
    ("orders", {**ORDER, "Financial Status": "rich"}, "known: pending, authorized"),
    ("orders", {**ORDER, "Subtotal": "39.98", "Total": "48.83", "Refunded Amount": "50.00"}, "more than the order's"),
    ("orders", {**ORDER, "Lineitem name": "a\x00b"}, "a character that can't be stored"),
])
def test_a_file_with_a_broken_row_is_refused_whole(
    bring, database: Database, kind: str, row: Cells, reason: str
) -> None:
    good = {"products": BULB, "customers": {**ADA, "Email": "b@example.test"},
            "orders": {**SECOND_LINE, **{name: ORDER[name] for name in ("Currency", "Created at")}, "Name": "#9",
                       "Subtotal": "3.50", "Total": "3.50"}}
    with pytest.raises(BrokenFile) as refused:
        bring(wanted=Wanted(currency="USD"), **{kind: [row, good[kind]]})
    assert reason in str(refused.value)
    assert find_setting(database, slug="shop") is None


def test_another_files_header_is_refused_by_name(tmp_path: Path, database: Database, clock: FixedClock) -> None:
    path = write_export(tmp_path, "products", [], columns=["Name", "Price"])
    with pytest.raises(BrokenFile, match="it is no export of products: there is no column Handle, Title"):
        run_import(database, files=Files(products=path), store_slug="shop", wanted=Wanted("USD"), clock=clock)


def test_a_new_store_needs_a_currency(bring) -> None:
    with pytest.raises(CurrencyMissing):
        bring(products=[LAMP])


def test_a_store_keeps_its_currency(bring) -> None:
    bring(wanted=Wanted("EUR"), products=[LAMP])
    with pytest.raises(BrokenFile, match="is 'USD', not EUR"):
        bring(orders=[ORDER, SECOND_LINE])
    with pytest.raises(StoreDiffers):
        bring(wanted=Wanted("USD"), orders=[ORDER, SECOND_LINE])
