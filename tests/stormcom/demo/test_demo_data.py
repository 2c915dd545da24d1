"""The demo shops as frames: deterministic, complete, consistent, and true to the cent."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from stormcom.demo.shop_data import local_day, make_shop
from stormcom.demo.shops import SHOPS
from tests.stormcom.demo.conftest import SMALL, TODAY


def test_same_day_and_seed_give_identical_rows(small_shop):
    again = make_shop(small_shop.shop, today=TODAY, scale=SMALL)
    assert again.digest() == small_shop.digest()


def test_another_seed_and_another_day_give_other_rows(small_shop):
    shop = small_shop.shop
    digests = {
        small_shop.digest(), make_shop(shop, today=TODAY, seed=8, scale=SMALL).digest(),
        make_shop(shop, today=TODAY - timedelta(days=1), scale=SMALL).digest()}
    assert len(digests) == 3


def test_sizes_at_full_scale(full_shops):
    total = {name: sum(shop.tables[name].height for shop in full_shops) for name in full_shops[0].tables}
    assert [shop.tables["products"].height for shop in full_shops] == [120, 120, 120]
    assert total["customers"] == 3_000
    assert total["orders"] == 12_000
    assert 247_500 < total["analytics_event"] <= 250_000
    assert 1.5 < total["order_items"] / total["orders"] < 2.5


def test_three_shops_two_currencies_two_zones():
    assert [shop.slug for shop in SHOPS] == ["electronics", "fashion", "home"]
    assert len({shop.currency for shop in SHOPS}) == 2
    assert len({shop.timezone for shop in SHOPS}) == 2


def test_lines_add_up(small_shop):
    items = small_shop.tables["order_items"]
    subtotal, discount, tax, total = (
        items[f"line_{part}_amount"] for part in ("subtotal", "discount", "tax", "total"))
    assert (total == subtotal - discount + tax).all()
    assert (subtotal == items["unit_price_amount"] * items["quantity"]).all()
    assert ((discount >= 0) & (discount <= subtotal)).all()
    assert (tax.sum() > 0) == bool(small_shop.shop.tax)


def test_orders_add_up_over_their_lines(small_shop):
    orders = small_shop.tables["orders"]
    sums = small_shop.tables["order_items"].group_by("order_id").agg(
        pl.col("line_subtotal_amount", "line_discount_amount", "line_tax_amount").sum())
    both = orders.join(sums, left_on="id", right_on="order_id", how="inner")
    assert both.height == orders.height
    assert (both["order_subtotal_amount"] == both["line_subtotal_amount"]).all()
    assert (both["order_discount_amount"] == both["line_discount_amount"]).all()
    assert (both["order_tax_amount"] == both["line_tax_amount"]).all()
    assert (both["order_total_amount"] == both["order_subtotal_amount"] - both["order_discount_amount"]
            + both["order_shipping_amount"] + both["order_tax_amount"]).all()


def test_refunds_are_the_sum_of_their_items_and_stay_within_the_order(small_shop):
    refunds, items, orders = (small_shop.tables[name] for name in ("refund", "refund_item", "orders"))
    sums = items.group_by("refund_id").agg(pl.col("amount").sum().alias("sum"))
    both = refunds.join(sums, left_on="id", right_on="refund_id")
    assert both.height == refunds.height > 0
    assert (both["amount"] == both["sum"]).all()
    totals = refunds.group_by("order_id").agg(pl.col("amount").sum()).join(orders, left_on="order_id", right_on="id")
    assert (totals["amount"] <= totals["order_total_amount"]).all()
    lines = items.filter(pl.col("kind") == "item").group_by("order_item_id").agg(
        pl.col("quantity").sum().alias("back"), pl.col("amount").sum()).join(
        small_shop.tables["order_items"], left_on="order_item_id", right_on="id")
    assert (lines["back"] <= lines["quantity"]).all()
    assert (lines["amount"] <= lines["line_subtotal_amount"] - lines["line_discount_amount"]).all()


def test_every_kind_and_status_of_refund_occurs(full_shops):
    kinds = pl.concat([shop.tables["refund_item"].select("kind") for shop in full_shops])
    assert set(kinds["kind"]) == {"item", "shipping", "tax", "amount"}
    refunds = pl.concat([shop.tables["refund"] for shop in full_shops])
    assert set(refunds["status"]) == {"pending", "processed", "failed"}
    processed = refunds.filter(pl.col("status") == "processed")
    assert (processed["processed_at"] > processed["created_at"]).all()
    assert refunds.filter(pl.col("status") != "processed")["processed_at"].is_null().all()


@pytest.mark.parametrize(("table", "column", "parent"), [
    ("products", "category_id", "categories"), ("products", "brand_id", "brands"),
    ("categories", "parent_id", "categories"),
    ("product_variants", "product_id", "products"), ("orders", "customer_id", "customers"),
    ("order_items", "order_id", "orders"), ("order_items", "product_id", "products"),
    ("order_items", "variant_id", "product_variants"), ("refund", "order_id", "orders"),
    ("refund_item", "order_item_id", "order_items"), ("refund_item", "refund_id", "refund"),
    ("subject", "customer_id", "customers"), ("subject", "guest_order_id", "orders"),
    ("analytics_event", "subject_id", "subject"), ("analytics_event", "product_id", "products"),
    ("analytics_event", "order_id", "orders"), ("analytics_event", "ingest_batch_id", "ingest_batch"),
    ("rejected_event", "ingest_batch_id", "ingest_batch"),
])
def test_references_lead_somewhere(small_shop, table, column, parent):
    references = small_shop.tables[table][column].drop_nulls()
    assert len(references) > 0
    assert references.is_in(small_shop.tables[parent]["id"].implode()).all()


def test_keys_are_unique_and_rows_name_their_store(small_shop):
    for name, frame in small_shop.tables.items():
        key = {"analytics_event": "event_id", "inventory_level": "variant_id"}.get(name, "id")
        assert frame[key].n_unique() == frame.height, name
        assert set(frame["store_id"]) == {small_shop.store_id}, name
    assert small_shop.tables["customers"]["email"].n_unique() == small_shop.tables["customers"].height
    assert small_shop.tables["orders"]["order_number"].n_unique() == small_shop.tables["orders"].height


def test_products_are_worth_searching(small_shop):
    products = small_shop.tables["products"]
    words = products["description"].str.split(" ").list.len()
    assert words.is_between(40, 80).all()
    for column in ("name", "slug", "sku", "description"):
        assert products[column].n_unique() == products.height, column
    text = " ".join(products["description"].to_list() + products["short_description"].to_list())
    assert "{" not in text and "lorem" not in text.lower()
    assert products["slug"].str.contains("^[a-z0-9]+(-[a-z0-9]+)*$").all()
    assert (products["compare_at_amount"].drop_nulls() > 0).all()
    counts = small_shop.tables["product_variants"].group_by("product_id").len()["len"]
    assert counts.min() == 1 and 2 <= counts.max() <= 4
    assert small_shop.tables["product_variants"].filter("is_default").height == products.height


def test_every_variant_has_a_level_that_its_ledger_explains(small_shop):
    variants, levels = small_shop.tables["product_variants"], small_shop.tables["inventory_level"]
    assert levels["variant_id"].to_list() == variants["id"].to_list()
    ledger = small_shop.tables["inventory_adjustment"]
    assert dict(levels.filter(pl.col("on_hand") != 0).select("variant_id", "on_hand").iter_rows()) == dict(
        ledger.select("variant_id", "delta").iter_rows())
    sums = variants.select("id", "product_id").join(levels, left_on="id", right_on="variant_id").group_by(
        "product_id").agg(pl.col("on_hand").sum())["on_hand"]
    assert 0 < (sums == 0).sum() < 20 and (sums > 0).sum() > 100


def test_every_product_has_its_picture(small_shop):
    products, images = small_shop.tables["products"], small_shop.tables["product_image"]
    assert images["product_id"].to_list() == products["id"].to_list()
    assert images["url"].to_list() == products["thumbnail_url"].to_list()


def test_nothing_lies_outside_the_history(small_shop):
    zone = ZoneInfo(small_shop.shop.timezone)
    end = datetime.combine(TODAY, datetime.min.time(), zone).astimezone(UTC)
    orders, events = small_shop.tables["orders"], small_shop.tables["analytics_event"]
    local = orders["placed_at"].dt.convert_time_zone(small_shop.shop.timezone).dt.date()
    assert local.is_between(date(2026, 5, 24), TODAY - timedelta(days=1)).all()
    for frame in small_shop.tables.values():
        for column in (name for name in frame.columns if name.endswith("_at")):
            # A wrong clock may be ahead.
            slack = timedelta(minutes=40 if column in ("occurred_at", "sent_at") else 0)
            assert (frame[column].drop_nulls() < end + slack).all(), column
    assert (events["received_at"] >= events["corrected_at"]).all()


def test_customers_come_back_less_and_less(full_shops):
    """The cohort of the first full month: everybody in month 0, a falling share later, never none."""
    orders = pl.concat([shop.tables["orders"] for shop in full_shops]).filter(pl.col("customer_id").is_not_null())
    month = pl.col("placed_at").dt.month()
    orders = orders.with_columns(month=month, first=month.min().over("customer_id"))
    june = orders.filter(pl.col("first") == 6)
    kept = [june.filter(pl.col("month") == each)["customer_id"].n_unique() for each in range(6, 12)]
    assert 0.25 < kept[1] / kept[0] < 0.6
    assert kept[0] > kept[1] > kept[3] > kept[5] > 0.05 * kept[0]


def test_cameras_are_bought_with_memory_cards(full_shops):
    shop = full_shops[0]
    items = shop.tables["order_items"].select("order_id", "product_name")
    pairs = items.join(items, on="order_id", suffix="_with")
    cameras = pairs.filter(pl.col("product_name").str.ends_with("Mirrorless Camera"))
    with_card = cameras.filter(pl.col("product_name_with").str.ends_with("SD Memory Card"))["order_id"].n_unique()
    assert with_card / cameras["order_id"].n_unique() > 0.3


def test_customer_totals_follow_from_their_orders(small_shop):
    customers, orders = small_shop.tables["customers"], small_shop.tables["orders"]
    counted = orders.filter((pl.col("status") != "CANCELED") & pl.col("customer_id").is_not_null())
    assert customers["total_orders"].sum() == counted.height
    assert customers["total_spent_amount"].sum() == counted["order_total_amount"].sum()
    assert customers.join(orders, left_on="id", right_on="customer_id").filter(
        pl.col("created_at") > pl.col("placed_at")).height == 0


def test_the_day_is_the_shops_own():
    now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert [local_day(shop, now) for shop in SHOPS] == [date(2026, 11, 23), TODAY, date(2026, 11, 23)]
