"""One demo shop, complete, as frames in table form; a pure function of (shop, day, seed, scale)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from stormcom.demo.baskets import make_baskets, popularity
from stormcom.demo.batches import make_batches
from stormcom.demo.chance import generator
from stormcom.demo.clicks import make_clicks
from stormcom.demo.events import make_traffic
from stormcom.demo.facts import make_facts
from stormcom.demo.keys import named_key
from stormcom.demo.orders import make_sales
from stormcom.demo.people import make_people
from stormcom.demo.plan import make_plan
from stormcom.demo.products import make_catalogue
from stormcom.demo.refunds import make_refunds
from stormcom.demo.rhythm import make_history
from stormcom.demo.shops import HISTORY_MONTHS, Shop
from stormcom.demo.visits import make_visits


@dataclass(frozen=True)
class ShopData:
    """``tables`` maps a table's name to its rows, in the order in which they must be inserted."""

    shop: Shop
    store_id: str
    tables: Mapping[str, pl.DataFrame]

    def digest(self) -> str:
        """A hash over every value of every table; equal for equal (day, seed, scale)."""
        total = hashlib.sha256()
        for name, frame in self.tables.items():
            total.update(name.encode())
            total.update(frame.write_csv().encode())
        return total.hexdigest()


def local_day(shop: Shop, now: datetime) -> date:
    """The shop's own date: the history ends with the last full store-day, so nothing lies in the future."""
    return now.astimezone(ZoneInfo(shop.timezone)).date()


def make_shop(shop: Shop, *, today: date, seed: int = 7, scale: float = 1.0) -> ShopData:
    """Make all rows of a shop for the six months before ``today`` (a date in the shop's zone)."""
    store_id = named_key("store", shop.slug, seed)
    history = make_history(generator(seed, shop.slug, "rhythm"), today=today, months=HISTORY_MONTHS, zone=shop.timezone)
    catalogue = make_catalogue(shop, store_id, seed=seed, start=int(history.midnights[0]))
    plan = make_plan(shop, history, seed=seed, scale=scale)
    baskets = make_baskets(shop, catalogue, len(plan.starts), seed=seed)
    visits = make_visits(shop, history, plan, seed=seed, scale=scale)
    demand = popularity(shop, catalogue, seed=seed)
    clicks = make_clicks(shop, catalogue, demand, baskets, plan, visits, seed=seed, budget=int(shop.events * scale))
    people = make_people(shop, store_id, history, plan, clicks.placed, seed=seed)
    sales = make_sales(shop, store_id, history, catalogue, plan, baskets, people, clicks.placed, seed=seed)
    refunds = make_refunds(shop, store_id, history, sales, seed=seed)
    traffic = make_traffic(
        shop, store_id, history, catalogue, people, visits, clicks, refunds.sales, baskets, seed=seed)
    batches = make_batches(shop, store_id, traffic.events, seed=seed)
    return ShopData(shop, store_id, {
        "brands": catalogue.brands, "categories": catalogue.categories, "products": catalogue.products,
        "product_variants": catalogue.variants.drop("place", "selling_amount"), "product_image": catalogue.images,
        "inventory_level": catalogue.levels, "inventory_adjustment": catalogue.adjustments,
        "customers": with_totals(people.customers, refunds.sales.orders), "orders": refunds.sales.orders,
        "order_items": refunds.sales.items, "refund": refunds.refunds, "refund_item": refunds.items,
        "domain_event": make_facts(shop, store_id, refunds.sales.orders, refunds.refunds, seed=seed),
        "subject": traffic.visitors.drop("visitor", "country"), "ingest_batch": batches.batches,
        "rejected_event": batches.rejected, "analytics_event": batches.events,
    })


def with_totals(customers: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """The statistics a customer row carries: all orders but cancelled ones."""
    counted = orders.filter((pl.col("status") != "CANCELED") & pl.col("customer_id").is_not_null())
    sums = counted.group_by("customer_id").agg(
        pl.len().cast(pl.Int64).alias("total_orders"), pl.col("order_total_amount").sum().alias("total_spent_amount"),
        pl.col("placed_at").max().alias("last_order_at"))
    joined = customers.join(sums, left_on="id", right_on="customer_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("total_orders", "total_spent_amount").fill_null(0)).with_columns(
        average_order_amount=pl.when(pl.col("total_orders") > 0).then(
            pl.col("total_spent_amount") // pl.col("total_orders").clip(lower_bound=1)).otherwise(0))
