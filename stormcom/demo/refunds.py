"""Refunds: single lines, whole orders, postage, and sums of goodwill; processed some time after they were asked for."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import generator
from stormcom.demo.keys import time_keys
from stormcom.demo.orders import Sales
from stormcom.demo.rhythm import DAY, HOUR, History, as_instants
from stormcom.demo.shops import Shop

SHARE = 0.075
CANCELLED_SHARE = 0.12
LINE, WHOLE, POSTAGE = 0.62, 0.78, 0.9
FAILED = 0.02
REASONS = {"line": "does not fit or suit", "whole": "order returned", "postage": "arrived late",
           "goodwill": "slightly damaged"}
KEY = "case"


@dataclass(frozen=True)
class Refunds:
    """Refunds and their items in table form, and the sales with the statuses that follow from them."""

    refunds: pl.DataFrame
    items: pl.DataFrame
    sales: Sales


def make_refunds(shop: Shop, store_id: str, history: History, sales: Sales, *, seed: int) -> Refunds:
    rng = generator(seed, shop.slug, "refunds")
    cases = _cases(rng, history, sales.orders)
    items = pl.concat([_lines(rng, cases, sales.items), _postage(cases), _goodwill(cases)], how="diagonal")
    items = items.filter(pl.col("amount") > 0).sort(KEY, maintain_order=True)
    totals = items.group_by(KEY).agg(pl.col("amount").sum())
    cases = cases.join(totals, on=KEY, maintain_order="left")
    cases = cases.with_columns(id=time_keys(rng, cases["created"].to_numpy()))
    items = items.join(cases.select(KEY, refund_id="id", created="created"), on=KEY, maintain_order="left")
    items = items.with_columns(id=time_keys(rng, items["created"].to_numpy()), store_id=pl.lit(store_id))
    return Refunds(_refund_rows(shop, store_id, cases), items.drop(KEY, "created"), _settle(sales, cases))


def _cases(rng: np.random.Generator, history: History, orders: pl.DataFrame) -> pl.DataFrame:
    """One row per refund: what kind, when asked, when processed (ms; -1 if not), and its status."""
    count = orders.height
    canceled, delivered = (orders["status"] == "CANCELED").to_numpy(), (orders["status"] == "DELIVERED").to_numpy()
    luck = rng.random(count)
    chosen = (delivered & (luck < SHARE)) | (canceled & (luck < CANCELLED_SHARE))
    chosen &= ~orders["is_test"].to_numpy()
    drawn = np.where(canceled, (LINE + WHOLE) / 2, rng.random(count))
    kind = np.select([drawn < LINE, drawn < WHOLE, drawn < POSTAGE], ["line", "whole", "postage"], "goodwill")
    kind = np.where((kind == "postage") & (orders["order_shipping_amount"] == 0).to_numpy(), "goodwill", kind)
    began = pl.coalesce("canceled_at", pl.col("placed_at") + pl.duration(days=4))
    since = orders.select(began.dt.timestamp("ms")).to_series().to_numpy()
    created = since + np.where(canceled, 60_000, rng.exponential(9 * DAY, count)).astype(np.int64)
    processed = created + rng.integers(HOUR, 5 * DAY, size=count)
    failed = (rng.random(count) < FAILED) & (kind == "line")
    done = (processed < history.end) & ~failed
    amounts = ("order_subtotal_amount", "order_discount_amount", "order_shipping_amount")
    frame = orders.select(*amounts, order_id="id").with_columns(
        pl.Series(KEY, np.arange(count)), kind=pl.Series(kind), created=pl.Series(created),
        processed=pl.Series(np.where(done, processed, -1)), share=pl.Series(rng.integers(5, 21, count)),
        status=pl.Series(np.where(done, "processed", np.where(failed, "failed", "pending"))))
    return frame.filter(pl.Series(chosen & (created < history.end)))


def _lines(rng: np.random.Generator, cases: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Lines that go back: one of the order, or all; the value net of its discount, and its tax beside it."""
    lines = cases.filter(pl.col("kind").is_in(["line", "whole"])).join(
        items, on="order_id", maintain_order="left").select(
        KEY, "kind", "order_id", "quantity", "line_tax_amount", order_item_id="id",
        net=pl.col("line_subtotal_amount") - pl.col("line_discount_amount"))
    lines = lines.with_columns(u=pl.Series(rng.random(lines.height)), v=pl.Series(rng.random(lines.height)))
    chosen = (pl.col("kind") == "whole") | (pl.col("u") == pl.col("u").max().over(KEY))
    back = pl.when(pl.col("kind") == "whole").then("quantity").otherwise(
        1 + (pl.col("v") * pl.col("quantity")).floor().cast(pl.Int64))
    lines = lines.filter(chosen).with_columns(back=back)
    goods = lines.select(KEY, "order_id", "order_item_id", kind=pl.lit("item"), quantity="back",
                         amount=pl.col("net") * pl.col("back") // pl.col("quantity"))
    tax = lines.select(KEY, "order_id", "order_item_id", kind=pl.lit("tax"),
                       amount=pl.col("line_tax_amount") * pl.col("back") // pl.col("quantity"))
    return pl.concat([goods, tax], how="diagonal")


def _postage(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.filter(pl.col("kind").is_in(["postage", "whole"])).select(
        KEY, "order_id", kind=pl.lit("shipping"), amount="order_shipping_amount")


def _goodwill(cases: pl.DataFrame) -> pl.DataFrame:
    net = pl.col("order_subtotal_amount") - pl.col("order_discount_amount")
    return cases.filter(pl.col("kind") == "goodwill").select(
        KEY, "order_id", kind=pl.lit("amount"), amount=net * pl.col("share") // 100)


def _refund_rows(shop: Shop, store_id: str, cases: pl.DataFrame) -> pl.DataFrame:
    return cases.select(
        "id", "order_id", "amount", "status", pl.lit(store_id).alias("store_id"),
        pl.lit(shop.currency).alias("currency"), pl.col("kind").replace_strict(REASONS).alias("reason"),
        as_instants(cases["created"].to_numpy(), "created_at"),
        as_instants(cases["processed"].to_numpy(), "processed_at"))


def _settle(sales: Sales, cases: pl.DataFrame) -> Sales:
    """A wholly refunded order is REFUNDED (a cancelled one stays cancelled, its payment is refunded)."""
    whole = cases.filter((pl.col("kind") == "whole") & (pl.col("status") == "processed"))["order_id"].implode()
    given_back = pl.col("id").is_in(whole)
    orders = sales.orders.with_columns(
        status=pl.when(given_back & (pl.col("status") != "CANCELED")).then(pl.lit("REFUNDED")).otherwise("status"),
        payment_status=pl.when(given_back).then(pl.lit("REFUNDED")).otherwise("payment_status"))
    return Sales(orders, sales.items, sales.row_of)
