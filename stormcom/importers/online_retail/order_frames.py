"""Orders and their lines: of invoices, and of what a C invoice takes back from before the file begins."""

from dataclasses import dataclass

import polars as pl

from stormcom.importers.online_retail.buckets import (
    IS_ADJUSTMENT,
    IS_CANCELLATION,
    SALE,
    SHIPPING,
    SHIPPING_REFUND,
)
from stormcom.importers.online_retail.catalog_frames import email_of
from stormcom.importers.online_retail.keys import Keys
from stormcom.importers.online_retail.money import to_pence

IMPORT = "import"
OPENING = "opening"


@dataclass(frozen=True)
class Orders:
    """`orders`: one row per order; `items`: one per line, with its `source_row` (and `part`, if opening)."""

    orders: pl.DataFrame
    items: pl.DataFrame


def sold_orders(rows: pl.DataFrame, keys: Keys) -> Orders:
    """One order per invoice with a sale or shipping row; one without lines for a known customer's other
    invoices.
    """
    invoices = _invoices(rows.filter(~IS_ADJUSTMENT & ~IS_CANCELLATION))
    counted = (pl.col("sells_count") > 0) | pl.col("customer").is_not_null()
    items = rows.filter(pl.col("bucket") == SALE).select(
        pl.col("row").alias("source_row"),
        pl.lit(0, dtype=pl.Int64).alias("part"),
        "invoice",
        "sku",
        "description",
        "price_e4",
        "quantity",
        to_pence(pl.col("money_e4")).alias("subtotal_amount"),
    )
    return _orders(invoices.filter(counted), items, origin=IMPORT, keys=keys)


def opening_orders(rows: pl.DataFrame, unmatched: pl.DataFrame, keys: Keys) -> Orders:
    """One order per C invoice with a part that no line was left for, with lines (and shipping) equal to
    those parts.

    `unmatched`: parts of `refund_frames.valued_parts` without a line. Such an order was placed before the
    file begins; it only carries its refunds, so it stands at its invoice's own instant.
    """
    hanging = rows.filter(pl.col("invoice").is_in(unmatched["invoice"].unique().implode()))
    invoices = _invoices(hanging).drop("shipping_amount")
    is_shipping = pl.col("bucket") == SHIPPING_REFUND
    shipping = unmatched.filter(is_shipping).group_by("invoice").agg(pl.col("amount").sum().alias("shipping_amount"))
    items = unmatched.filter(~is_shipping).select(
        pl.col("row").alias("source_row"),
        "part",
        "invoice",
        "sku",
        "description",
        "price_e4",
        pl.col("part_quantity").alias("quantity"),
        pl.col("amount").alias("subtotal_amount"),
    )
    whole = invoices.join(shipping, on="invoice", how="left").with_columns(pl.col("shipping_amount").fill_null(0))
    return _orders(whole, items, origin=OPENING, keys=keys)


def _invoices(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per invoice; its instant is its earliest row's."""
    is_shipping = pl.col("bucket") == SHIPPING
    return rows.group_by("invoice").agg(
        pl.col("customer").first(),
        pl.col("country").sort_by("row").first(),
        pl.col("instant").min().alias("placed_at"),
        pl.col("row").min().alias("first_row"),
        pl.col("bucket").is_in([SALE, SHIPPING]).sum().alias("sells_count"),
        to_pence(pl.col("money_e4")).filter(is_shipping).sum().alias("shipping_amount"),
    )


def _orders(invoices: pl.DataFrame, items: pl.DataFrame, *, origin: str, keys: Keys) -> Orders:
    subtotals = items.group_by("invoice").agg(pl.col("subtotal_amount").sum(), pl.len().alias("item_count"))
    orders = (
        invoices.join(subtotals, on="invoice", how="left")
        .with_columns(pl.col("subtotal_amount", "item_count").fill_null(0), pl.lit(origin).alias("origin"))
        .sort("placed_at", "first_row")
    )
    orders = orders.with_columns(keys.dated_column("order", orders["invoice"], orders["placed_at"]).alias("id"))
    return Orders(
        orders.select(
            "id",
            "invoice",
            "origin",
            email_of(pl.col("customer")).alias("email"),
            "country",
            "placed_at",
            "subtotal_amount",
            "shipping_amount",
            "item_count",
            "sells_count",
        ),
        _items(orders, items, keys),
    )


def _items(orders: pl.DataFrame, items: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Lines in the file's order.

    The ordinal (from 1) is part of the key: exact duplicates in the file stay two lines.
    """
    placed = orders.select("invoice", pl.col("id").alias("order_id"), "placed_at", pl.int_range(pl.len()).alias("nth"))
    lines = items.join(placed, on="invoice").sort("nth", "source_row", "part")
    ordinal = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("invoice")
    lines = lines.with_columns(ordinal.alias("ordinal"))
    names = lines.select(pl.col("invoice") + pl.lit(":") + pl.col("ordinal").cast(pl.String)).to_series()
    return lines.select(
        keys.dated_column("item", names, lines["placed_at"]).alias("id"),
        "order_id",
        "sku",
        "ordinal",
        "description",
        to_pence(pl.col("price_e4")).alias("unit_price_amount"),
        "quantity",
        "subtotal_amount",
        "placed_at",
        "source_row",
        "part",
    )
