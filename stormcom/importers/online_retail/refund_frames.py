"""Refunds: what each C invoice takes back, from which order, when, and for how much."""

from dataclasses import dataclass

import polars as pl

from oltp.kit.money import split
from stormcom.importers.online_retail.buckets import SHIPPING_REFUND
from stormcom.importers.online_retail.keys import Keys
from stormcom.importers.online_retail.money import to_pence
from stormcom.importers.online_retail.order_frames import Orders

ITEM = "item"
SHIPPING_KIND = "shipping"


@dataclass(frozen=True)
class Refunds:
    """`refunds`: one row per (C invoice, order, instant); `items`: one row per part of a row."""

    refunds: pl.DataFrame
    items: pl.DataFrame


def valued_parts(rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """`matching.match_cancellations` plus the row's columns and `amount` (pence, ≥ 0).

    Amounts are as the cancellation's row says, not as the line was sold; a row's parts add up to its
    rounded amount.
    """
    joined = parts.join(rows, on="row").sort("row", "part")
    whole = to_pence(-pl.col("money_e4"))
    part_count = pl.len().over("row")
    joined = joined.with_columns(whole.alias("amount"), part_count.alias("part_count"))
    several = (
        joined.filter(pl.col("part_count") > 1)
        .group_by("row", maintain_order=True)
        .agg(pl.col("amount").first(), "part_quantity", "part")
    )
    shares = [
        (row, part, share)
        for row, amount, quantities, ordinals in several.iter_rows()
        for part, share in zip(ordinals, split(amount, quantities), strict=True)
    ]
    shared = pl.DataFrame(shares, schema={"row": pl.Int64, "part": pl.Int64, "share": pl.Int64}, orient="row")
    return (
        joined.join(shared, on=["row", "part"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("share", "amount").alias("amount"))
        .drop("share")
    )


def refund_frames(
    valued: pl.DataFrame, sold: Orders, opening: Orders, invoice_of_row: pl.DataFrame, keys: Keys
) -> Refunds:
    """`invoice_of_row`: row → invoice of every sale and shipping row, to find the order a part was matched
    to.
    """
    aimed = _aim(valued, sold, opening, invoice_of_row)
    instant = pl.col("instant").dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    key = pl.concat_str(["invoice", "target_invoice", instant], separator=":")
    aimed = aimed.with_columns(key.alias("refund_key"))
    refunds = aimed.group_by("refund_key", maintain_order=True).agg(
        pl.col("order_id", "target_invoice", "invoice", "instant").first(), pl.col("amount").sum()
    )
    refunds = refunds.with_columns(keys.dated_column("refund", refunds["refund_key"], refunds["instant"]).alias("id"))
    items = aimed.join(
        refunds.select("refund_key", pl.col("id").alias("refund_id")), on="refund_key", maintain_order="left"
    )
    return Refunds(
        refunds.select(
            "id", "order_id", "invoice", "target_invoice", "amount", pl.col("instant").alias("processed_at")
        ),
        _refund_items(items, keys),
    )


def _aim(valued: pl.DataFrame, sold: Orders, opening: Orders, invoice_of_row: pl.DataFrame) -> pl.DataFrame:
    """Add order_id, target_invoice and order_item_id (null for shipping) to each part."""
    lines = pl.concat([sold.items, opening.items]).select(
        pl.col("id").alias("order_item_id"),
        pl.col("source_row").alias("aim_row"),
        pl.col("part").alias("aim_part"),
    )
    orders = pl.concat([sold.orders, opening.orders]).select(
        pl.col("id").alias("order_id"), pl.col("invoice").alias("target_invoice")
    )
    is_opening = pl.col("line_row").is_null()
    return (
        valued.join(
            invoice_of_row.select(pl.col("row").alias("line_row"), pl.col("invoice").alias("sold_invoice")),
            on="line_row",
            how="left",
        )
        .with_columns(
            pl.coalesce("sold_invoice", "invoice").alias("target_invoice"),
            # A line of an opening order comes from a part of this very row, any other from a whole row of
            # its invoice.
            pl.coalesce("line_row", "row").alias("aim_row"),
            pl.when(is_opening).then(pl.col("part")).otherwise(0).alias("aim_part"),
        )
        .join(orders, on="target_invoice", how="left")
        .join(lines, on=["aim_row", "aim_part"], how="left")
        .sort("instant", "row", "part")
    )


def _refund_items(items: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Grain: one part of one row.

    Its key is the C invoice and the part's place in it, not the row in the file.
    """
    ordinal = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("invoice", order_by=["row", "part"])
    names = items.select(pl.concat_str(["invoice", ordinal.cast(pl.String)], separator=":")).to_series()
    is_shipping = pl.col("bucket") == SHIPPING_REFUND
    return items.select(
        keys.dated_column("refund_item", names, items["instant"]).alias("id"),
        "refund_id",
        "order_id",
        "order_item_id",
        pl.when(is_shipping).then(pl.lit(SHIPPING_KIND)).otherwise(pl.lit(ITEM)).alias("kind"),
        pl.when(~is_shipping).then(pl.col("part_quantity")).alias("quantity"),
        "amount",
    )
