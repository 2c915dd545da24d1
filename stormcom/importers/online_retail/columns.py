"""Raw cells → typed cells, column by column.

A cell that does not fit is an error naming its line and column.
"""

from collections.abc import Callable

import polars as pl

from stormcom.importers.errors import BrokenFile

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
OPTIONAL = ("Description", "CustomerID")
PRICE_SCALE = 10_000
"""Prices have up to four decimals: 1 is a ten-thousandth of a pound. Integers, because sums must be exact."""
MAX_QUANTITY = 2**31 - 1
TEXT_DATE_FORMATS = (
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
)
NOT_A = {
    "InvoiceNo": "is not a text",
    "StockCode": "is not a text",
    "Description": "is not a text",
    "Quantity": "is not a whole number",
    "InvoiceDate": "is not a date and time (2010-12-01 08:26:00 or 12/1/2010 8:26)",
    "UnitPrice": "is not a price with at most four decimals",
    "CustomerID": "is not a whole number",
    "Country": "is not a text",
}


def typed_rows(raw: pl.DataFrame, *, file: str, place: str) -> pl.DataFrame:
    """One row per row of the file, in its order.

    Shape: row (0-based), line, invoice, sku (upper-cased), description (trimmed or null), quantity,
    local_time (as the till said, no zone), price_e4 (ten-thousandths), customer (null for a guest),
    country; money_e4 = quantity × price_e4. `place` is the word for a row: "line" or "row". Raises
    BrokenFile for the first misfit.
    """
    parsed = raw.with_columns(_parser(name, raw.schema[name])(pl.col(name)).alias(f"={name}") for name in COLUMNS)
    _refuse_first_misfit(parsed, file=file, place=place)
    return parsed.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.col("line"),
        pl.col("=InvoiceNo").str.to_uppercase().alias("invoice"),
        pl.col("=StockCode").str.to_uppercase().alias("sku"),
        pl.col("=Description").alias("description"),
        pl.col("=Quantity").alias("quantity"),
        pl.col("=InvoiceDate").alias("local_time"),
        pl.col("=UnitPrice").alias("price_e4"),
        pl.col("=CustomerID").alias("customer"),
        pl.col("=Country").alias("country"),
        (pl.col("=Quantity") * pl.col("=UnitPrice")).alias("money_e4"),
    )


def _refuse_first_misfit(parsed: pl.DataFrame, *, file: str, place: str) -> None:
    for_column = {name: _misfit(name, parsed.schema[name]) for name in COLUMNS}
    bad = parsed.filter(pl.any_horizontal(for_column.values())).head(1)
    if bad.height == 0:
        return
    name = next(name for name, misfit in for_column.items() if bad.select(misfit).item())
    value = bad[name][0]
    told = "is empty" if _is_blank(value) else f"{str(value)!r} {NOT_A[name]}"
    raise BrokenFile(file=file, reason=f"{place} {bad['line'][0]}, column {name}: {told}")


def _misfit(name: str, dtype: pl.DataType) -> pl.Expr:
    blank = pl.col(name).is_null()
    if dtype == pl.String:
        blank = blank | (pl.col(name).str.strip_chars() == "")
    unparsed = pl.col(f"={name}").is_null()
    return unparsed & ~blank if name in OPTIONAL else unparsed


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _parser(name: str, dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    """The reading of one column: a cell that does not fit becomes null."""
    if name in ("Quantity", "CustomerID"):
        return _whole_number(dtype)
    if name == "UnitPrice":
        return _price(dtype)
    return _local_time(dtype) if name == "InvoiceDate" else _text(dtype)


def _nothing(cells: pl.Expr) -> pl.Expr:
    return pl.when(pl.lit(value=False)).then(pl.lit(0, dtype=pl.Int64))


def _text(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    if dtype != pl.String and not dtype.is_integer():
        return _nothing
    trimmed: Callable[[pl.Expr], pl.Expr] = lambda cells: cells.cast(pl.String).str.strip_chars()  # noqa: E731
    return lambda cells: pl.when(trimmed(cells) != "").then(trimmed(cells))


def _whole_number(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    """Whole numbers of four bytes, as the tables hold them; "17850.0" too, as pandas writes nullable ones."""
    if dtype == pl.String:
        return lambda cells: _within(
            cells.str.strip_chars().str.extract(r"^([+-]?\d{1,10})(?:\.0*)?$").cast(pl.Int64, strict=False)
        )
    if dtype.is_integer():
        return lambda cells: _within(cells.cast(pl.Int64, strict=False))
    if dtype.is_float() or dtype.is_decimal():
        return lambda cells: pl.when(cells == cells.round(0)).then(_within(cells.cast(pl.Int64, strict=False)))
    return _nothing


def _within(numbers: pl.Expr) -> pl.Expr:
    return pl.when(numbers.is_between(-MAX_QUANTITY, MAX_QUANTITY)).then(numbers)


def _price(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    if dtype == pl.String:
        return lambda cells: _scaled(
            cells.str.strip_chars()
            .str.extract(r"^([+-]?\d{1,8}(?:\.\d{1,4}0*)?)$")
            .cast(pl.Decimal(20, 4), strict=False)
        )
    if dtype.is_integer():
        return lambda cells: cells.cast(pl.Int64, strict=False) * PRICE_SCALE
    if dtype.is_decimal():
        return lambda cells: pl.when(cells == cells.cast(pl.Decimal(20, 4))).then(
            _scaled(cells.cast(pl.Decimal(20, 4)))
        )
    if dtype.is_float():
        return _price_from_float
    return _nothing


def _scaled(prices: pl.Expr) -> pl.Expr:
    return (prices * PRICE_SCALE).cast(pl.Int64, strict=False)


def _price_from_float(cells: pl.Expr) -> pl.Expr:
    """Floats state decimal prices inexactly: the nearest ten-thousandth, if it is near enough to be meant."""
    ticks = (cells * PRICE_SCALE).round(0)
    meant = cells.is_finite() & ((cells * PRICE_SCALE - ticks).abs() < 0.01) & (cells.abs() < 1e8)
    return pl.when(meant).then(ticks).cast(pl.Int64, strict=False)


def _local_time(dtype: pl.DataType) -> Callable[[pl.Expr], pl.Expr]:
    if dtype == pl.String:
        return lambda cells: _plausible(
            pl.coalesce(
                cells.str.strip_chars().str.to_datetime(form, time_unit="us", strict=False)
                for form in TEXT_DATE_FORMATS
            )
        )
    if dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None):
        return lambda cells: _plausible(cells.cast(pl.Datetime("us")))
    return _nothing


def _plausible(times: pl.Expr) -> pl.Expr:
    """A two-digit year reads as the first century: such a date is a mistake, not an order of the Romans."""
    return pl.when(times.dt.year().is_between(1970, 2199)).then(times)
