"""What an import into a real database leaves there, and what it tells."""

from rich.console import Console
from rich.progress import Progress

from stormcom.importers.online_retail.report import render_report
from stormcom.importers.online_retail.run import run_import
from tests.stormcom.importers.gift_shop import DECEMBER, Importer
from tests.stormcom.importers.retail_files import write_parquet


def test_orders_lines_and_totals(shop: Importer) -> None:
    report = shop(DECEMBER)
    orders = shop.rows(
        report,
        """
        SELECT order_number, origin, order_subtotal_amount, order_shipping_amount, order_total_amount,
               c.last_name, placed_at::text, o.status::text, payment_status::text, shipping_address::jsonb ->> 'country'
        FROM orders o LEFT JOIN customers c ON c.id = o.customer_id ORDER BY order_number""",
    )
    uk = "United Kingdom"
    assert orders == [
        ("1", "import", 5598, 1800, 7398, "17850", "2010-12-01 08:26:00+00", "DELIVERED", "PAID", uk),
        ("2", "import", 510, 0, 510, None, "2010-12-01 09:00:00+00", "DELIVERED", "PAID", uk),
        ("3", "import", 0, 0, 0, "13047", "2010-12-01 10:00:00+00", "DELIVERED", "PAID", uk),
        (
            "C5",
            "opening",
            255,
            0,
            255,
            "17850",
            "2010-12-02 09:00:00+00",
            "DELIVERED",
            "REFUNDED",
            "EIRE",
        ),
        ("C6", "opening", 339, 0, 339, None, "2010-12-03 09:00:00+00", "DELIVERED", "REFUNDED", uk),
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


def test_batches_are_gone_after_the_end_and_bars_are_full(shop: Importer) -> None:
    path = write_parquet(shop.folder / "bars.parquet", DECEMBER)
    bars = Progress(console=Console(quiet=True))
    report = run_import(shop.database, file=path, store_slug="gifts", clock=shop.clock, progress=bars)
    assert [task.description for task in bars.tasks] == ["Reading", "Matching", "Staging", "Publishing"]
    assert all(task.finished for task in bars.tasks)
    assert shop.rows(report, "SELECT count(*) FROM import_batch") == [(0,)]
    assert shop.rows(report, "SELECT status, completed_at FROM import_run") == [("complete", shop.clock.now())]
