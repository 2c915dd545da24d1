"""The published figures of the real file, to the row and to the penny. No database."""

from decimal import Decimal

import polars as pl
import pytest

from stormcom.importers.online_retail.preparation import Prepared, prepare
from stormcom.importers.online_retail.reading import read_file
from tests.stormcom.importers.real_file import online_retail_file
from tests.stormcom.importers.test_retail_frames import STORE

BUCKETS = {
    "adjustment": (3, "-11062.06"),
    "set_aside": (833, "-313361.009"),
    "stock_note": (2_506, "0"),
    "shipping": (1_973, "291401.65"),
    "shipping_refund": (129, "-11939.53"),
    "sale": (527_761, "10271433.063"),
}
GOODS_TAKEN_BACK = (8_704, "-478724.18")
COHORT = [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]
COHORT_OF_GOODS = [884, 323, 286, 339, 320, 352, 320, 308, 312, 349, 330, 444, 234]


@pytest.fixture(scope="module")
def made() -> Prepared:
    """The whole file, prepared."""
    return prepare(read_file(online_retail_file()), store_id=STORE, zone="Europe/London")


def test_buckets(made: Prepared) -> None:
    exact = {b.bucket: (b.row_count, Decimal(b.amount) / 100 + b.rounding) for b in made.figures.buckets}
    taken_back = [exact.pop(name) for name in ("refund_matched", "refund_split", "refund_opening")]
    assert exact == {name: (count, Decimal(money)) for name, (count, money) in BUCKETS.items()}
    assert (sum(c for c, _ in taken_back), sum(m for _, m in taken_back)) == (
        8_704,
        Decimal(GOODS_TAKEN_BACK[1]),
    )


def test_every_row_and_all_money_is_accounted_for(made: Prepared) -> None:
    figures = made.figures
    assert sum(bucket.row_count for bucket in figures.buckets) == figures.row_count == 541_909
    assert (figures.rounded_row_count, figures.rounding) == (4, Decimal("0.004"))
    assert Decimal(figures.amount) / 100 + figures.rounding == Decimal("9747747.934")


def test_split_rows_are_reported_in_two_parts_that_add_up(made: Prepared) -> None:
    parts = {(part.bucket, part.part): part.amount for part in made.figures.parts}
    whole = {bucket.bucket: bucket.amount for bucket in made.figures.buckets}
    for bucket in ("refund_split", "shipping_refund"):
        assert parts[bucket, "matched"] < 0 and parts[bucket, "opening"] < 0
        assert parts[bucket, "matched"] + parts[bucket, "opening"] == whole[bucket]


def test_orders_products_and_customers(made: Prepared) -> None:
    counts = made.figures.counts
    assert (counts["orders_of_sale_or_shipping"], counts["orders_of_other_rows"], counts["orders"]) == (
        19_852,
        79,
        19_931,
    )
    assert counts["guest_invoices_without_order"] == 2_130
    assert (counts["products"], counts["customers"]) == (3_813, 4_372)
    sold = made.frames["products"].filter(pl.col("sku") == "85123A").row(0, named=True)
    assert sold["name"] == "WHITE HANGING HEART T-LIGHT HOLDER"


def test_money_of_orders_and_refunds(made: Prepared) -> None:
    orders = made.frames["orders"]
    totals = {
        origin: (goods, shipping)
        for origin, goods, shipping in orders.group_by("origin")
        .agg(pl.col("subtotal_amount", "shipping_amount").sum())
        .iter_rows()
    }
    assert totals["import"] == (1_027_143_306, 29_140_165)
    refunded = dict(made.frames["refund_items"].group_by("kind").agg(pl.col("amount").sum()).rows())
    assert refunded == {"item": 47_872_418, "shipping": 1_193_953}
    assert made.frames["refunds"]["amount"].sum() == 47_872_418 + 1_193_953


def test_nothing_is_refunded_beyond_what_was_sold(made: Prepared) -> None:
    items, parts = made.frames["order_items"], made.frames["refund_items"]
    taken = (
        parts.filter(pl.col("kind") == "item")
        .group_by("order_item_id")
        .agg(pl.col("quantity").sum().alias("taken"), pl.col("amount").sum())
    )
    joined = taken.join(items, left_on="order_item_id", right_on="id")
    assert joined.height == taken.height
    assert joined.filter(pl.col("taken") > pl.col("quantity")).height == 0
    assert joined.filter(pl.col("amount") > pl.col("subtotal_amount")).height == 0
    opening = made.frames["orders"].filter(pl.col("origin") == "opening").select("id")
    left = items.join(opening, left_on="order_id", right_on="id").join(
        taken, left_on="id", right_on="order_item_id", how="left"
    )
    assert left.filter(pl.col("taken").ne_missing(pl.col("quantity"))).height == 0


@pytest.mark.parametrize(("only_goods", "expected"), [(False, COHORT), (True, COHORT_OF_GOODS)])
def test_the_first_cohort(made: Prepared, *, only_goods: bool, expected: list[int]) -> None:
    orders = made.frames["orders"].filter((pl.col("origin") == "import") & pl.col("email").is_not_null())
    if only_goods:
        orders = orders.filter(pl.col("item_count") > 0)
    local = pl.col("placed_at").dt.convert_time_zone("Europe/London").dt
    months = orders.select("email", (local.year() * 12 + local.month()).alias("month"))
    cohort = months.filter(pl.col("month").min().over("email") == 2010 * 12 + 12)
    retained = cohort.group_by("month").agg(pl.col("email").n_unique()).sort("month")
    assert retained["email"].to_list() == expected
