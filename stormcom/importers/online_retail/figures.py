"""The figures of one file: counts and money of every bucket and part, and what rounding left."""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from stormcom.importers.online_retail.buckets import (
    FINAL_BUCKETS,
    IS_ADJUSTMENT,
    IS_CANCELLATION,
    REFUND_SPLIT,
    SHIPPING_REFUND,
)
from stormcom.importers.online_retail.money import as_decimal, to_pence
from stormcom.importers.online_retail.order_frames import IMPORT, OPENING


@dataclass(frozen=True)
class BucketFigure:
    """`amount`: pence, the sum of the rows' rounded amounts; `rounding`: pounds, exact sum minus `amount`."""

    bucket: str
    row_count: int
    amount: int
    rounding: Decimal


@dataclass(frozen=True)
class PartFigure:
    """The part of a bucket's rows that was matched to a line, or that hangs on an opening order.

    `amount`: pence.
    """

    bucket: str
    part: str
    row_count: int
    amount: int


@dataclass(frozen=True)
class FileFigures:
    """`counts`: what the file becomes, by noun.

    `rounded_row_count`: rows with less than a penny in their amount.
    """

    row_count: int
    buckets: tuple[BucketFigure, ...]
    parts: tuple[PartFigure, ...]
    counts: dict[str, int]
    rounded_row_count: int

    @property
    def amount(self) -> int:
        """Pence over all buckets."""
        return sum(bucket.amount for bucket in self.buckets)

    @property
    def rounding(self) -> Decimal:
        """Pounds that the rounding of single rows left out, over all buckets."""
        return sum((bucket.rounding for bucket in self.buckets), Decimal(0))


def bucket_figures(rows: pl.DataFrame) -> tuple[BucketFigure, ...]:
    """Every final bucket, those without rows too, in first-fit order."""
    pence = to_pence(pl.col("money_e4"))
    sums = rows.group_by("bucket").agg(
        pl.len(), pence.sum().alias("amount"), (pl.col("money_e4") - pence * 100).sum().alias("rest")
    )
    found = {bucket: (count, amount, rest) for bucket, count, amount, rest in sums.iter_rows()}
    figures = []
    for bucket in FINAL_BUCKETS:
        count, amount, rest = found.get(bucket, (0, 0, 0))
        figures.append(BucketFigure(bucket, count, amount, as_decimal(rest)))
    return tuple(figures)


def part_figures(valued: pl.DataFrame) -> tuple[PartFigure, ...]:
    """The two parts of split rows, and of shipping refunds. Negative, as the rows are."""
    part = pl.when(pl.col("line_row").is_null()).then(pl.lit(OPENING)).otherwise(pl.lit("matched"))
    sums = (
        valued.filter(pl.col("bucket").is_in([REFUND_SPLIT, SHIPPING_REFUND]))
        .group_by("bucket", part.alias("side"))
        .agg(pl.col("row").n_unique(), -pl.col("amount").sum())
        .sort("bucket", "side")
    )
    return tuple(PartFigure(bucket, side, count, amount) for bucket, side, count, amount in sums.iter_rows())


def file_figures(rows: pl.DataFrame, valued: pl.DataFrame, frames: dict[str, pl.DataFrame]) -> FileFigures:
    """All figures of a prepared file."""
    return FileFigures(
        row_count=rows.height,
        buckets=bucket_figures(rows),
        parts=part_figures(valued),
        counts=_counts(rows, frames),
        rounded_row_count=rows.filter(pl.col("money_e4") != to_pence(pl.col("money_e4")) * 100).height,
    )


def _counts(rows: pl.DataFrame, frames: dict[str, pl.DataFrame]) -> dict[str, int]:
    orders = frames["orders"]
    imported = orders.filter(pl.col("origin") == IMPORT)
    invoices = rows.filter(~IS_ADJUSTMENT & ~IS_CANCELLATION)["invoice"].n_unique()
    with_rows = imported.filter(pl.col("sells_count") > 0).height
    return {
        "orders": imported.height,
        "orders_of_sale_or_shipping": with_rows,
        "orders_of_other_rows": imported.height - with_rows,
        "guest_invoices_without_order": invoices - imported.height,
        "opening_orders": orders.height - imported.height,
        **{name: frames[name].height for name in ("order_items", "refunds", "refund_items", "products", "customers")},
    }
