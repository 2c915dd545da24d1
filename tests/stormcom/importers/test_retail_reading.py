"""Files of both kinds become the same rows, and a broken file names line and column."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from stormcom.importers.errors import BrokenFile
from stormcom.importers.online_retail.reading import read_file
from tests.stormcom.importers.real_file import online_retail_file
from tests.stormcom.importers.retail_files import HEADER, Line, frame, write_csv, write_parquet, write_text

GOOD = "536365,85123A,HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom"
PLAIN = [
    Line("536365", "85123a", 6, "2.55", description='  10" "PLATE", £2 '),
    Line("536366", "22752", 2, "7.65", customer=None, description=None, at="9 18:05"),
    Line("C536367", "22752", -2, "0.001", country="EIRE", at="10 00:00"),
]


def refusal(path: Path) -> str:
    with pytest.raises(BrokenFile) as refused:
        read_file(path)
    return str(refused.value)


def test_a_row_is_read_exactly(tmp_path: Path) -> None:
    row = read_file(write_parquet(tmp_path / "a.parquet", PLAIN)).rows.row(0, named=True)
    assert (row["sku"], row["description"]) == ("85123A", '10" "PLATE", £2')
    assert (row["quantity"], row["price_e4"], row["money_e4"]) == (6, 25_500, 153_000)
    assert (row["customer"], str(row["local_time"])) == (17850, "2010-12-01 08:26:00")


@pytest.mark.parametrize("public_dates", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_csv_equals_parquet(tmp_path: Path, public_dates: bool, encoding: str) -> None:
    parquet = read_file(write_parquet(tmp_path / "a.parquet", PLAIN)).rows
    csv = read_file(write_csv(tmp_path / "a.csv", frame(PLAIN), public_dates=public_dates, encoding=encoding)).rows
    assert csv.drop("line").equals(parquet.drop("line"))
    assert csv["line"].to_list() == [2, 3, 4]


def test_csv_equals_parquet_on_real_rows(tmp_path: Path) -> None:
    sample = pl.read_parquet(online_retail_file()).gather_every(37)
    sample.write_parquet(tmp_path / "sample.parquet")
    csv = read_file(write_csv(tmp_path / "sample.csv", sample, encoding="latin-1")).rows
    assert csv.height == sample.height > 14_000
    assert csv.drop("line").equals(read_file(tmp_path / "sample.parquet").rows.drop("line"))


def test_float_and_text_columns_of_a_parquet_file_are_read_as_well(tmp_path: Path) -> None:
    expected = read_file(write_parquet(tmp_path / "a.parquet", PLAIN)).rows
    other = frame(PLAIN).with_columns(
        pl.col("UnitPrice", "CustomerID").cast(pl.Float64),
        pl.col("Quantity").cast(pl.String),
        pl.col("InvoiceDate").cast(pl.Datetime("ns")),
    )
    other.write_parquet(tmp_path / "b.parquet")
    assert read_file(tmp_path / "b.parquet").rows.equals(expected)


def test_lines_are_counted_over_quoted_line_ends_and_blank_lines(tmp_path: Path) -> None:
    path = write_text(
        tmp_path / "a.csv",
        '536365,1,"two\nlines",6,12/1/2010 8:26,2.55,17850,UK',
        "",
        GOOD.replace(",6,", ",x,"),
    )
    assert "line 5, column Quantity: 'x' is not a whole number" in refusal(path)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (GOOD.replace(",6,", ",abc,"), "line 17, column Quantity: 'abc' is not a whole number"),
        (GOOD.replace(",6,", ",6.5,"), "line 17, column Quantity: '6.5' is not a whole number"),
        (GOOD.replace(",6,", ",9999999999,"), "line 17, column Quantity: '9999999999' is not a whole number"),
        (GOOD.replace(",6,", ",,"), "line 17, column Quantity: is empty"),
        (
            GOOD.replace("12/1/2010", "13/12/2010"),
            "line 17, column InvoiceDate: '13/12/2010 8:26' is not a date",
        ),
        (GOOD.replace("12/1/2010", "12/1/10"), "line 17, column InvoiceDate: '12/1/10 8:26' is not a date"),
        (
            GOOD.replace("12/1/2010 8:26", "yesterday"),
            "line 17, column InvoiceDate: 'yesterday' is not a date",
        ),
        (GOOD.replace("2.55", "2,55"), "line 17: 9 columns instead of 8"),
        (GOOD.replace("2.55", "free"), "line 17, column UnitPrice: 'free' is not a price"),
        (GOOD.replace("2.55", "2.55555"), "line 17, column UnitPrice: '2.55555' is not a price"),
        (GOOD.replace("2.55", "1e3"), "line 17, column UnitPrice: '1e3' is not a price"),
        (GOOD.replace("17850", "Smith"), "line 17, column CustomerID: 'Smith' is not a whole number"),
        (GOOD.replace("536365", " "), "line 17, column InvoiceNo: is empty"),
        (GOOD.replace(",United Kingdom", ""), "line 17: 7 columns instead of 8"),
        (GOOD.replace("HOLDER", '"HOLDER'), "line 17: unexpected end of data, perhaps truncated"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, record: str, told: str) -> None:
    assert told in refusal(write_text(tmp_path / "bad.csv", *[GOOD] * 15, record, GOOD))


def test_the_first_bad_line_is_told_whatever_its_column(tmp_path: Path) -> None:
    late, early = GOOD.replace("536365", ""), GOOD.replace("2.55", "?")
    assert "line 3, column UnitPrice" in refusal(write_text(tmp_path / "bad.csv", GOOD, early, late))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADER.replace("UnitPrice", "Price"), "missing: UnitPrice; unknown: Price"),
        (HEADER.replace(",Country", ""), "missing: Country"),
        (HEADER + ",Remark", "unknown: Remark"),
        (HEADER.replace("Country", "Quantity"), "twice: Quantity"),
        ("", "missing: InvoiceNo"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, header: str, told: str) -> None:
    refused = refusal(write_text(tmp_path / "bad.csv", GOOD, header=header))
    assert "wrong columns" in refused and told in refused


def test_a_csv_file_cut_in_its_last_line_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n{GOOD[:-8]}")
    assert "line 3 has no line end: the file is truncated" in refusal(path)


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.0])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, kept: float) -> None:
    content = write_parquet(tmp_path / "a.parquet", PLAIN * 100).read_bytes()
    path = tmp_path / "cut.parquet"
    path.write_bytes(content[: int(len(content) * kept)])
    assert "is no whole Parquet file, perhaps truncated" in refusal(path)


def test_wrong_columns_and_types_of_a_parquet_file_are_named(tmp_path: Path) -> None:
    frame(PLAIN).drop("Country").write_parquet(tmp_path / "a.parquet")
    assert "missing: Country" in refusal(tmp_path / "a.parquet")
    frame(PLAIN).with_columns(pl.lit(value=True).alias("Quantity")).write_parquet(tmp_path / "b.parquet")
    assert "row 1, column Quantity: 'True' is not a whole number" in refusal(tmp_path / "b.parquet")
    prices = pl.Series([Decimal("1"), Decimal("0.00001"), Decimal("1")], dtype=pl.Decimal(18, 5))
    frame(PLAIN).with_columns(prices.alias("UnitPrice")).write_parquet(tmp_path / "c.parquet")
    assert "row 2, column UnitPrice: '0.00001' is not a price" in refusal(tmp_path / "c.parquet")
    frame(PLAIN).with_columns(pl.col("UnitPrice").cast(pl.Float64) / 0).write_parquet(tmp_path / "d.parquet")
    assert "row 1, column UnitPrice" in refusal(tmp_path / "d.parquet")
    zoned = frame(PLAIN).with_columns(pl.col("InvoiceDate").dt.replace_time_zone("UTC"))
    zoned.write_parquet(tmp_path / "e.parquet")
    assert "row 1, column InvoiceDate" in refusal(tmp_path / "e.parquet")


def test_an_empty_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "holds no rows" in refusal(write_text(tmp_path / "a.csv"))
    (tmp_path / "b.csv").write_text("")
    assert "wrong columns" in refusal(tmp_path / "b.csv")
    assert "nowhere.csv: cannot be read (No such file or directory)" in refusal(tmp_path / "nowhere.csv")
