"""Every row goes to the first bucket that fits."""

from pathlib import Path

import pytest

from stormcom.importers.errors import BrokenFile
from stormcom.importers.online_retail.buckets import classify, refuse_mixed_invoices, refuse_wrong_signs
from stormcom.importers.online_retail.preparation import bucketed_rows
from stormcom.importers.online_retail.reading import read_file
from tests.stormcom.importers.retail_files import Line, write_parquet


@pytest.mark.parametrize(
    ("line", "bucket"),
    [
        (Line("A563185", "B", 1, "11062.06"), "adjustment"),
        (Line("A563185", "POST", 1, "-5"), "adjustment"),
        (Line("536365", "M", 1, "5"), "set_aside"),
        (Line("536365", "m", 1, "5"), "set_aside"),
        (Line("C536379", "D", -1, "27.50"), "set_aside"),
        (Line("536365", "bank charges", 1, "0.001"), "set_aside"),
        (Line("536365", "gift_0001_20", 1, "16.67"), "set_aside"),
        (Line("536365", "AMAZONFEE", -1, "0"), "set_aside"),
        (Line("536365", "S", -3, "2"), "set_aside"),
        (Line("C536379", "CRUK", -1, "30"), "set_aside"),
        (Line("536365", "B", 1, "5"), "set_aside"),
        (Line("536414", "22139", 56, "0", customer=None), "stock_note"),
        (Line("536365", "22139", -5, "0"), "stock_note"),
        (Line("536365", "POST", 1, "0"), "stock_note"),
        (Line("C536379", "22139", -5, "0"), "stock_note"),
        (Line("536365", "DOT", 1, "5"), "shipping"),
        (Line("536365", "post", 1, "5"), "shipping"),
        (Line("536365", "C2", 1, "5"), "shipping"),
        (Line("C536379", "POST", -1, "5"), "shipping_refund"),
        (Line("c536379", "POST", -1, "5"), "shipping_refund"),
        (Line("536365", "85123A", 1, "5"), "sale"),
        (Line("536365", "PADS", 1, "0.001"), "sale"),
        (Line("536365", "DCGS0068", 1, "5"), "sale"),
        (Line("C536379", "85123A", -1, "5"), "refund"),
    ],
)
def test_first_fit(tmp_path: Path, line: Line, bucket: str) -> None:
    rows = read_file(write_parquet(tmp_path / "a.parquet", [line])).rows
    assert classify(rows)["bucket"].to_list() == [bucket]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (Line("536366", "85123A", -1, "5"), "row 2, column Quantity: -1 must be > 0 on the invoice 536366"),
        (Line("536366", "POST", 0, "5"), "row 2, column Quantity: 0 must be > 0 on the invoice 536366"),
        (
            Line("C536366", "85123A", 1, "5"),
            "row 2, column Quantity: 1 must be < 0 on the cancellation C536366",
        ),
    ],
)
def test_a_sale_sells_and_a_cancellation_takes_back(tmp_path: Path, line: Line, told: str) -> None:
    source = read_file(write_parquet(tmp_path / "a.parquet", [Line("536365", "85123A", 1, "5"), line]))
    with pytest.raises(BrokenFile, match=told):
        refuse_wrong_signs(classify(source.rows), file=source.name, place=source.place)


def test_an_invoice_belongs_to_one_customer(tmp_path: Path) -> None:
    lines = [
        Line("536365", "1", 1, "5"),
        Line("536366", "1", 1, "5", customer=1),
        Line("536365", "2", 1, "5", customer=None),
    ]
    source = read_file(write_parquet(tmp_path / "a.parquet", lines))
    with pytest.raises(BrokenFile, match="row 3, column CustomerID: invoice 536365 has another customer"):
        refuse_mixed_invoices(source.rows, file=source.name, place=source.place)


def test_till_time_becomes_an_instant(tmp_path: Path) -> None:
    source = read_file(write_parquet(tmp_path / "a.parquet", [Line("536365", "1", 1, "5")]))
    winter, _ = bucketed_rows(source, zone="Europe/London")
    tokyo, _ = bucketed_rows(source, zone="Asia/Tokyo")
    assert str(winter["instant"][0]) == "2010-12-01 08:26:00+00:00"
    assert str(tokyo["instant"][0]) == "2010-11-30 23:26:00+00:00"
