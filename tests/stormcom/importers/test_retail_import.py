"""An import into a real database: complete, repeatable, extendable, alone, and refused where it must be."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import text

from oltp.db.locking import try_lock
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.importers.online_retail.errors import (
    BrokenFile,
    ImportRunning,
    InvoicesDiffer,
    StoreDiffers,
    StoredRowsContradict,
)
from stormcom.importers.online_retail.keys import SOURCE
from stormcom.importers.online_retail.report import ImportReport, render_report
from stormcom.importers.online_retail.run import run_import
from tests.stormcom.importers.retail_files import Line, frame, write_csv, write_parquet, write_text

TABLES = (
    "products",
    "product_variants",
    "customers",
    "subject",
    "orders",
    "order_items",
    "refund",
    "refund_item",
    "domain_event",
    "import_run",
)
DECEMBER = [
    Line("1", "85123a", 6, "2.55", 17850, "1 08:26"),
    Line("1", "71053", 6, "3.39", 17850, "1 08:26"),
    Line("1", "71053", 6, "3.39", 17850, "1 08:26"),
    Line("1", "POST", 1, "18", 17850, "1 08:26"),
    Line("2", "85123A", 2, "2.55", None, "1 09:00"),
    Line("3", "22139", 1, "0", 13047, "1 10:00"),
    Line("4", "M", 1, "500", None, "1 11:00"),
    Line("C5", "85123A", -7, "2.55", 17850, "2 09:00", country="EIRE"),
    Line("C5", "POST", -1, "18", 17850, "2 09:00"),
    Line("C6", "71053", -1, "3.39", None, "3 09:00"),
]
LATER = [Line("7", "22752", 2, "7.65", 12583, "9 08:45"), Line("C8", "71053", -3, "3.39", 17850, "9 09:00")]


@pytest.fixture
def shop(database: Database, clock: FixedClock, tmp_path: Path) -> "Importer":
    """Imports lines into the store `gifts`."""
    return Importer(database, clock, tmp_path)


class Importer:
    """Writes lines to a file of its own and imports it."""

    def __init__(self, database: Database, clock: FixedClock, folder: Path) -> None:
        self.database, self.clock, self.folder = database, clock, folder
        self.count = 0

    def __call__(self, lines: list[Line], *, slug: str = "gifts") -> ImportReport:
        self.count += 1
        return self.file(write_parquet(self.folder / f"{self.count}.parquet", lines), slug=slug)

    def file(self, path: Path, *, slug: str = "gifts") -> ImportReport:
        return run_import(self.database, file=path, store_slug=slug, clock=self.clock, batch_rows=2)

    def rows(self, report: ImportReport, query: str) -> list[Any]:
        with self.database.session_for(report.store_id) as session:
            return [tuple(row) for row in session.execute(text(query))]

    def everything(self, report: ImportReport) -> dict[str, list[Any]]:
        return {table: self.rows(report, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES}


def test_orders_lines_and_totals(shop: Importer) -> None:
    report = shop(DECEMBER)
    orders = shop.rows(
        report,
        """
        SELECT order_number, origin, order_subtotal_amount, order_shipping_amount, order_total_amount, total_amount,
               c.last_name, placed_at::text, o.status::text, payment_status::text, shipping_address::jsonb ->> 'country'
        FROM orders o LEFT JOIN customers c ON c.id = o.customer_id ORDER BY order_number""",
    )
    uk = "United Kingdom"
    assert orders == [
        ("1", "import", 5598, 1800, 7398, 73.98, "17850", "2010-12-01 08:26:00+00", "DELIVERED", "PAID", uk),
        ("2", "import", 510, 0, 510, 5.10, None, "2010-12-01 09:00:00+00", "DELIVERED", "PAID", uk),
        ("3", "import", 0, 0, 0, 0.0, "13047", "2010-12-01 10:00:00+00", "DELIVERED", "PAID", uk),
        (
            "C5",
            "opening",
            255,
            0,
            255,
            2.55,
            "17850",
            "2010-12-02 09:00:00+00",
            "DELIVERED",
            "REFUNDED",
            "EIRE",
        ),
        ("C6", "opening", 339, 0, 339, 3.39, None, "2010-12-03 09:00:00+00", "DELIVERED", "REFUNDED", uk),
    ]
    lines = shop.rows(
        report,
        """
        SELECT o.order_number, i.ordinal, p.sku, v.is_default, i.quantity, i.refunded_quantity, i.line_subtotal_amount,
               i.line_total_amount FROM order_items i JOIN orders o ON o.id = i.order_id
        JOIN products p ON p.id = i.product_id JOIN product_variants v ON v.id = i.variant_id AND v.product_id = p.id
        ORDER BY 1, 2""",
    )
    assert lines == [
        ("1", 1, "85123A", True, 6, 6, 1530, 1530),
        ("1", 2, "71053", True, 6, 0, 2034, 2034),
        ("1", 3, "71053", True, 6, 0, 2034, 2034),
        ("2", 1, "85123A", True, 2, 0, 510, 510),
        ("C5", 1, "85123A", True, 1, 1, 255, 255),
        ("C6", 1, "71053", True, 1, 1, 339, 339),
    ]


def test_refunds_are_dated_and_valued_as_the_row_says(shop: Importer) -> None:
    report = shop(DECEMBER)
    refunds = shop.rows(
        report,
        """
        SELECT r.external_ref, o.order_number, r.amount, r.status, r.processed_at::text, i.kind, i.quantity, i.amount
        FROM refund r JOIN orders o ON o.id = r.order_id JOIN refund_item i ON i.refund_id = r.id
        ORDER BY 1, 2, 6""",
    )
    second, third = "2010-12-02 09:00:00+00", "2010-12-03 09:00:00+00"
    assert refunds == [
        ("C5", "1", 3330, "processed", second, "item", 6, 1530),
        ("C5", "1", 3330, "processed", second, "shipping", None, 1800),
        ("C5", "C5", 255, "processed", second, "item", 1, 255),
        ("C6", "C6", 339, "processed", third, "item", 1, 339),
    ]


def test_people_and_events(shop: Importer) -> None:
    report = shop(DECEMBER)
    customers = shop.rows(
        report,
        """SELECT email, total_orders, total_spent_amount, average_order_amount,
                                     last_order_at::text FROM customers ORDER BY 1""",
    )
    assert customers == [
        ("13047@online-retail.invalid", 1, 0, 0, "2010-12-01 10:00:00+00"),
        ("17850@online-retail.invalid", 1, 7398, 7398, "2010-12-01 08:26:00+00"),
    ]
    kinds = shop.rows(
        report,
        """SELECT o.order_number, s.kind FROM orders o JOIN subject s ON s.id = o.subject_id
                                 ORDER BY 1""",
    )
    assert kinds == [
        ("1", "customer"),
        ("2", "order"),
        ("3", "customer"),
        ("C5", "customer"),
        ("C6", "order"),
    ]
    events = shop.rows(
        report,
        """SELECT name, payload ->> 'order_number', payload ->> 'external_ref',
                                  occurred_at::text FROM domain_event ORDER BY occurred_at, name, 2, 3""",
    )
    assert [event[:3] for event in events] == [
        ("order.placed", "1", None),
        ("order.placed", "2", None),
        ("order.placed", "3", None),
        ("refund.processed", None, "C5"),
        ("refund.processed", None, "C5"),
        ("refund.processed", None, "C6"),
    ]


def test_the_report_is_stored_printed_and_told_again(shop: Importer) -> None:
    report = shop(DECEMBER)
    assert not report.is_repeat
    assert (report.added["orders"], report.added["opening_orders"], report.added["order_items"]) == (3, 2, 6)
    again = shop(DECEMBER)
    assert again.is_repeat
    assert (again.figures, again.added, again.run_id) == (report.figures, report.added, report.run_id)
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as captured:
        console.print(render_report(report), render_report(again))
    shown = captured.get()
    assert "imported into gifts" in shown and "nothing was changed" in shown
    for bucket in report.figures.buckets:
        assert bucket.bucket in shown


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


def test_another_store_sees_nothing(shop: Importer, store: UUID) -> None:
    shop(DECEMBER)
    with shop.database.session_for(store) as session:
        for table in (*TABLES, "import_batch"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_a_store_with_other_money_is_refused(shop: Importer, store: UUID) -> None:
    with pytest.raises(StoreDiffers, match="demo is in USD, America/New_York; this file needs one in GBP"):
        shop(DECEMBER, slug="demo")
    with shop.database.session_for(store) as session:
        assert session.scalar(text("SELECT count(*) FROM import_run")) == 0


def test_a_broken_file_leaves_no_trace(shop: Importer) -> None:
    path = write_text(shop.folder / "bad.csv", "536365,1,X,abc,12/1/2010 8:26,2.55,17850,UK")
    with pytest.raises(BrokenFile, match=r"bad\.csv: line 2, column Quantity"):
        shop.file(path)
    with pytest.raises(BrokenFile, match="must be > 0"):
        shop([Line("1", "1", -1, "2")])
    with shop.database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM stores")) == 0


def test_of_two_imports_at_once_the_second_is_refused(shop: Importer) -> None:
    with shop.database.anonymous_session() as session:
        assert try_lock(session, scope=f"import:{SOURCE}", key="gifts")
        with pytest.raises(ImportRunning, match="Another import into the store gifts is running"):
            shop(DECEMBER)
        assert shop(DECEMBER, slug="elsewhere").added["orders"] == 3
    assert shop(DECEMBER).added["orders"] == 3


def test_batches_are_gone_after_the_end_and_bars_are_full(shop: Importer) -> None:
    path = write_parquet(shop.folder / "bars.parquet", DECEMBER)
    bars = Progress(console=Console(quiet=True))
    report = run_import(shop.database, file=path, store_slug="gifts", clock=shop.clock, progress=bars)
    assert [task.description for task in bars.tasks] == ["Reading", "Matching", "Staging", "Publishing"]
    assert all(task.finished for task in bars.tasks)
    assert shop.rows(report, "SELECT count(*) FROM import_batch") == [(0,)]
    assert shop.rows(report, "SELECT status, completed_at FROM import_run") == [("complete", shop.clock.now())]
