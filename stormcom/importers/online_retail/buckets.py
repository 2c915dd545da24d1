"""What each row of the file is. A row goes to the first bucket that fits, so it ends in exactly one."""

import polars as pl

from stormcom.importers.errors import BrokenFile

ADJUSTMENT = "adjustment"
SET_ASIDE = "set_aside"
STOCK_NOTE = "stock_note"
SHIPPING = "shipping"
SHIPPING_REFUND = "shipping_refund"
SALE = "sale"
REFUND = "refund"
"""Goods on a C invoice, before matching says which of the three it is."""
REFUND_MATCHED = "refund_matched"
REFUND_SPLIT = "refund_split"
REFUND_OPENING = "refund_opening"

FINAL_BUCKETS = (
    ADJUSTMENT,
    SET_ASIDE,
    STOCK_NOTE,
    SHIPPING,
    SHIPPING_REFUND,
    SALE,
    REFUND_MATCHED,
    REFUND_SPLIT,
    REFUND_OPENING,
)
SHIPPING_SKUS = ("POST", "DOT", "C2")
SET_ASIDE_SKUS = ("M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK")
GIFT_PREFIX = "GIFT_"

IS_ADJUSTMENT = pl.col("invoice").str.starts_with("A")
IS_CANCELLATION = pl.col("invoice").str.starts_with("C")
IS_SET_ASIDE = pl.col("sku").is_in(SET_ASIDE_SKUS) | pl.col("sku").str.starts_with(GIFT_PREFIX)
IS_SHIPPING = pl.col("sku").is_in(SHIPPING_SKUS)


def classify(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the column `bucket` (first fit). Gift rows are set aside: a gift card is a liability."""
    bucket = (
        pl.when(IS_ADJUSTMENT)
        .then(pl.lit(ADJUSTMENT))
        .when(IS_SET_ASIDE)
        .then(pl.lit(SET_ASIDE))
        .when(pl.col("price_e4") <= 0)
        .then(pl.lit(STOCK_NOTE))
        .when(IS_SHIPPING & ~IS_CANCELLATION)
        .then(pl.lit(SHIPPING))
        .when(IS_SHIPPING)
        .then(pl.lit(SHIPPING_REFUND))
        .when(IS_CANCELLATION)
        .then(pl.lit(REFUND))
        .otherwise(pl.lit(SALE))
    )
    return rows.with_columns(bucket.alias("bucket"))


def refuse_wrong_signs(classified: pl.DataFrame, *, file: str, place: str) -> None:
    """A sale sells and a cancellation takes back. Anything else would turn gross sales into a sum of both."""
    sells = pl.col("bucket").is_in([SALE, SHIPPING])
    takes_back = pl.col("bucket").is_in([REFUND, SHIPPING_REFUND])
    wrong = (sells & (pl.col("quantity") <= 0)) | (takes_back & (pl.col("quantity") >= 0))
    bad = classified.filter(wrong).head(1)
    if bad.height:
        row = bad.row(0, named=True)
        wanted = "< 0 on the cancellation" if row["invoice"].startswith("C") else "> 0 on the invoice"
        told = f"column Quantity: {row['quantity']} must be {wanted} {row['invoice']}"
        raise BrokenFile(file=file, reason=f"{place} {row['line']}, {told}")


def refuse_mixed_invoices(rows: pl.DataFrame, *, file: str, place: str) -> None:
    """An invoice is one order of one person: two customers on it would leave the second without his order."""
    first = pl.col("customer").first().over("invoice")
    bad = rows.filter(pl.col("customer").ne_missing(first)).head(1)
    if bad.height:
        row = bad.row(0, named=True)
        told = f"column CustomerID: invoice {row['invoice']} has another customer in an earlier row"
        raise BrokenFile(file=file, reason=f"{place} {row['line']}, {told}")
