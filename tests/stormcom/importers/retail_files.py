"""Small files of the Online Retail layout, made row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

SCHEMA: dict[str, pl.DataType] = {
    "InvoiceNo": pl.String(),
    "StockCode": pl.String(),
    "Description": pl.String(),
    "Quantity": pl.Int32(),
    "InvoiceDate": pl.Datetime("us"),
    "UnitPrice": pl.Decimal(12, 4),
    "CustomerID": pl.Int32(),
    "Country": pl.String(),
}


@dataclass(frozen=True)
class Line:
    """One row of a file. `at`: "day hour:minute" of December 2010."""

    invoice: str
    sku: str
    quantity: int
    price: str
    customer: int | None = 17850
    at: str = "1 08:26"
    description: str | None = "A THING"
    country: str = "United Kingdom"

    @property
    def local_time(self) -> datetime:
        return datetime.strptime(f"2010-12-{self.at}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - a till's local time

    def cells(self) -> tuple[str, str, str | None, int, datetime, Decimal, int | None, str]:
        return (
            self.invoice,
            self.sku,
            self.description,
            self.quantity,
            self.local_time,
            Decimal(self.price),
            self.customer,
            self.country,
        )


def frame(lines: Sequence[Line]) -> pl.DataFrame:
    """The columns and types of the public Parquet file."""
    return pl.DataFrame([line.cells() for line in lines], schema=SCHEMA, orient="row")


def write_parquet(path: Path, lines: Sequence[Line]) -> Path:
    """Write the lines as Parquet."""
    frame(lines).write_parquet(path)
    return path


def write_csv(path: Path, rows: pl.DataFrame, *, public_dates: bool = True, encoding: str = "utf-8") -> Path:
    """Write rows as the public CSV does: m/d/y without leading zeros, customers with a decimal point."""
    day = pl.col("InvoiceDate").dt
    if public_dates:
        date = pl.concat_str(
            [
                day.month(),
                pl.lit("/"),
                day.day(),
                pl.lit("/"),
                day.year(),
                pl.lit(" "),
                day.hour(),
                pl.lit(":"),
                day.strftime("%M"),
            ]
        )
    else:
        date = day.strftime("%Y-%m-%d %H:%M:%S")
    text = rows.with_columns(
        date.alias("InvoiceDate"),
        pl.col("UnitPrice").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end("."),
        (pl.col("CustomerID").cast(pl.String) + pl.lit(".0")).alias("CustomerID"),
    ).write_csv()
    path.write_bytes(text.encode(encoding))
    return path


def write_text(path: Path, *records: str, header: str = HEADER) -> Path:
    """Write a CSV file exactly as given."""
    path.write_text("\n".join([header, *records]) + "\n", encoding="utf-8")
    return path
