"""Cancellation rows → the lines they take back.

A row of a C invoice names no earlier invoice. It takes the same customer's lines of the same SKU and price
that were sold strictly earlier and have quantity left, the latest first, several if one does not suffice. A
shipping refund takes shipping rows by the same rule. Guests have no identity to match by, so theirs is
never matched.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import polars as pl

from stormcom.importers.online_retail.buckets import (
    REFUND,
    REFUND_MATCHED,
    REFUND_OPENING,
    REFUND_SPLIT,
    SALE,
    SHIPPING,
    SHIPPING_REFUND,
)

SAME = ("customer", "sku", "price_e4")
PART_SCHEMA = {"row": pl.Int64, "part": pl.Int64, "line_row": pl.Int64, "part_quantity": pl.Int64}

Key: TypeAlias = tuple[int, str, int]
Part: TypeAlias = tuple[int, int, int | None, int]


@dataclass
class _Shelf:
    """One key's sold lines, earliest first, and what is left of each."""

    times: list[datetime] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    def put(self, time: datetime, row: int, quantity: int) -> None:
        self.times.append(time)
        self.rows.append(row)
        self.left.append(quantity)

    def take(self, *, before: datetime, quantity: int) -> list[tuple[int, int]]:
        """(row, quantity) of each line taken from, latest first; together at most `quantity`."""
        taken = []
        for at in range(bisect_left(self.times, before) - 1, -1, -1):
            if quantity == 0:
                break
            part = min(self.left[at], quantity)
            if part:
                self.left[at] -= part
                quantity -= part
                taken.append((self.rows[at], part))
        return taken


def match_cancellations(classified: pl.DataFrame) -> pl.DataFrame:
    """Every refund and shipping-refund row in parts.

    Grain: (row, part), part from 0. `line_row` is the row of the line taken back, null for what no line is
    left for (at most one such part per row, its last). `part_quantity` > 0; the parts of a row add up to
    its quantity.
    """
    takers = classified.filter(pl.col("bucket").is_in([REFUND, SHIPPING_REFUND])).sort("local_time", "row")
    shelves = _shelves(classified, takers)
    parts: list[Part] = []
    for row, time, quantity, *same in takers.select("row", "local_time", "quantity", *SAME).iter_rows():
        shelf = shelves.get((same[0], same[1], same[2])) if same[0] is not None else None
        parts.extend(_parts(row, -quantity, shelf.take(before=time, quantity=-quantity) if shelf else []))
    return pl.DataFrame(parts, schema=PART_SCHEMA, orient="row")


def _parts(row: int, quantity: int, taken: list[tuple[int, int]]) -> list[Part]:
    parts: list[Part] = [(row, at, line_row, part) for at, (line_row, part) in enumerate(taken)]
    rest = quantity - sum(part for _, part in taken)
    return [*parts, (row, len(parts), None, rest)] if rest else parts


def _shelves(classified: pl.DataFrame, takers: pl.DataFrame) -> dict[Key, _Shelf]:
    """Only lines that some cancellation could take: a few thousand keys of several hundred thousand."""
    sold = (
        classified.filter(pl.col("bucket").is_in([SALE, SHIPPING]))
        .join(takers.select(SAME).unique(), on=SAME, how="semi")
        .sort("local_time", "row")
    )
    shelves: dict[Key, _Shelf] = defaultdict(_Shelf)
    for customer, sku, price, time, row, quantity in sold.select(*SAME, "local_time", "row", "quantity").iter_rows():
        shelves[(customer, sku, price)].put(time, row, quantity)
    return shelves


def settle_buckets(classified: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Replace the bucket `refund` by what matching found: wholly, partly or not at all."""
    found = parts.group_by("row").agg(
        pl.col("line_row").is_not_null().any().alias("some"), pl.col("line_row").is_null().any().alias("rest")
    )
    settled = (
        pl.when(pl.col("bucket") != REFUND)
        .then(pl.col("bucket"))
        .when(~pl.col("rest"))
        .then(pl.lit(REFUND_MATCHED))
        .when(pl.col("some"))
        .then(pl.lit(REFUND_SPLIT))
        .otherwise(pl.lit(REFUND_OPENING))
    )
    joined = classified.join(found, on="row", how="left", maintain_order="left")
    return joined.with_columns(settled.alias("bucket")).drop("some", "rest")
