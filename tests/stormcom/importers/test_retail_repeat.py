"""Imports after imports: the same file, the same rows, more rows, other rows."""

import pytest
from sqlalchemy import text

from stormcom.importers.errors import (
    InvoicesDiffer,
    StoredRowsContradict,
)
from tests.stormcom.importers.gift_shop import DECEMBER, LATER, Importer
from tests.stormcom.importers.retail_files import Line, frame, write_csv


def test_a_second_run_changes_nothing(shop: Importer) -> None:
    report = shop(DECEMBER)
    before = shop.everything(report)
    assert all(before.values())
    shop(DECEMBER)
    assert shop.everything(report) == before


def test_the_same_rows_from_another_file_change_only_the_list_of_runs(shop: Importer) -> None:
    report = shop(DECEMBER)
    before = shop.everything(report)
    csv = shop.file(write_csv(shop.folder / "same.csv", frame(DECEMBER)))
    after = shop.everything(report)
    assert not csv.is_repeat and set(csv.added.values()) == {0}
    assert len(after.pop("import_run")) == len(before.pop("import_run")) + 1
    assert after == before


def test_a_longer_file_adds_what_is_new(shop: Importer) -> None:
    first = shop(DECEMBER)
    before = shop.everything(first)
    longer = shop([*DECEMBER, *LATER])
    added = {
        "orders": 1,
        "opening_orders": 0,
        "order_items": 1,
        "refunds": 1,
        "refund_items": 1,
        "products": 1,
        "customers": 1,
        "domain_events": 2,
    }
    assert longer.added == added
    after = shop.everything(first)
    for table in ("products", "orders", "refund", "domain_event"):
        assert set(before[table]) <= set(after[table])
    once = shop([*DECEMBER, *LATER], slug="at-once")
    compared = """SELECT o.order_number, i.ordinal, i.quantity, i.refunded_quantity, c.total_orders,
                  c.total_spent_amount FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
                  LEFT JOIN customers c ON c.id = o.customer_id ORDER BY 1, 2"""
    assert shop.rows(first, compared) == shop.rows(once, compared)


def test_a_known_invoice_with_other_lines_is_refused_and_nothing_changes(shop: Importer) -> None:
    report = shop(DECEMBER)
    before = shop.everything(report)
    with pytest.raises(InvoicesDiffer, match=r"holds 1 of this file's invoices .*, e\.g\. 2"):
        shop([*DECEMBER, *LATER, Line("2", "71053", 1, "3.39", None, "1 09:00")])
    with pytest.raises(InvoicesDiffer, match=r"e\.g\. C6"):
        shop([*DECEMBER, Line("C6", "71053", -1, "3.39", None, "3 09:00")])
    after = shop.everything(report)
    assert len(after.pop("import_run")) == len(before.pop("import_run")) + 2
    assert after == before


def test_the_stores_own_product_and_customer_are_kept(shop: Importer) -> None:
    report = shop(LATER)
    with shop.database.session_for(report.store_id) as session:
        session.execute(text("UPDATE products SET name = 'Mine' WHERE sku = '22752'"))
    shop([*LATER, Line("9", "22752", 1, "7.65", 12583, "10 08:45")])
    assert shop.rows(report, "SELECT name FROM products WHERE sku = '22752'") == [("Mine",)]
    assert shop.rows(report, "SELECT total_orders FROM customers WHERE last_name = '12583'") == [(2,)]


def test_an_order_number_of_somebody_else_is_refused(shop: Importer) -> None:
    report = shop(LATER)
    with shop.database.session_for(report.store_id) as session:
        session.execute(
            text("""INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount,
            order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount)
            VALUES (:store, '1', 'GBP', 5598, 0, 1800, 0, 7398)"""),
            {"store": report.store_id},
        )
    with pytest.raises(InvoicesDiffer):
        shop(DECEMBER)


def test_a_slug_of_somebody_else_is_refused(shop: Importer) -> None:
    report = shop(LATER)
    with shop.database.session_for(report.store_id) as session:
        session.execute(text("UPDATE products SET sku = 'OTHER', slug = 'a-thing-85123a' WHERE sku = '22752'"))
    with pytest.raises(StoredRowsContradict, match="slug meant for 85123A"):
        shop(DECEMBER)
    assert shop.rows(report, "SELECT count(*) FROM orders WHERE order_number = '1'") == [(0,)]
