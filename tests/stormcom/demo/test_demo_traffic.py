"""The demo shops' clicks: they lead to the orders, to people, and through the event endpoint's rules."""

import json
from datetime import timedelta

import polars as pl

from oltp.events.rules import Event, judge
from stormcom.demo.batches import REFUSED_BODIES, find_faults


def test_orders_have_the_events_of_their_funnel(small_shop):
    events, orders = small_shop.tables["analytics_event"], small_shop.tables["orders"]
    purchases = events.filter(pl.col("name") == "purchase")
    assert purchases["order_id"].n_unique() == purchases.height
    assert 0.85 < purchases.height / orders.height < 0.98
    both = purchases.join(orders, left_on="order_id", right_on="id")
    assert (both["corrected_at"] == both["placed_at"]).all()
    value = both["properties"].str.json_path_match("$.value_amount").cast(pl.Int64)
    assert (value == both["order_total_amount"]).all()
    buying = events.filter(pl.col("session_ref").is_in(purchases["session_ref"].implode()))
    steps = buying.group_by("session_ref", "name").agg(pl.col("corrected_at").min()).pivot(
        on="name", index="session_ref", values="corrected_at")
    assert (steps["product_view"] < steps["add_to_cart"]).all()
    assert (steps["add_to_cart"] < steps["begin_checkout"]).all()
    assert (steps["begin_checkout"] < steps["purchase"]).all()
    lines = small_shop.tables["order_items"].filter(pl.col("order_id").is_in(purchases["order_id"].implode()))
    added = buying.filter(pl.col("name") == "add_to_cart")
    assert added.height == lines.height


def test_visitors_are_linked_by_identify_or_a_guests_purchase(small_shop):
    events, subjects = small_shop.tables["analytics_event"], small_shop.tables["subject"]
    first = events.filter(pl.col("name") == "identify").group_by("subject_id").agg(pl.col("corrected_at").min())
    linked = subjects.filter(pl.col("customer_id").is_not_null())
    both = linked.join(first, left_on="id", right_on="subject_id")
    assert both.height == linked.height == first.height > 0
    assert (both["linked_at"] == both["corrected_at"]).all()
    owners = events.filter(pl.col("name") == "purchase").join(
        small_shop.tables["orders"], left_on="order_id", right_on="id").join(
        linked, left_on="subject_id", right_on="id", suffix="_visitor")
    assert (owners["customer_id"] == owners["customer_id_visitor"]).all()
    assert (subjects["linked_at"].is_null() == (
        subjects["customer_id"].is_null() & subjects["guest_order_id"].is_null())).all()


def test_batches_conserve_the_events(small_shop):
    batches, events = small_shop.tables["ingest_batch"], small_shop.tables["analytics_event"]
    parts = batches.select(pl.sum_horizontal(
        "accepted_count", "rejected_count", "duplicate_count", "quarantined_count", "unconsented_count")).to_series()
    assert (parts == batches["received_count"]).all()
    stored = events.group_by("ingest_batch_id").len()
    both = batches.join(stored, left_on="id", right_on="ingest_batch_id")
    assert both.height == batches.height
    assert (both["accepted_count"] == both["len"]).all()
    refused = small_shop.tables["rejected_event"]
    assert refused.height == (batches["rejected_count"] + batches["quarantined_count"]).sum() > 0
    assert refused["is_quarantined"].sum() == batches["quarantined_count"].sum()


def test_domain_events_follow_orders_and_refunds(small_shop):
    facts, orders, refunds = (small_shop.tables[name] for name in ("domain_event", "orders", "refund"))
    names = dict(facts.group_by("name").len().rows())
    assert names["order.placed"] == orders.height
    assert names["order.cancelled"] == orders.filter(pl.col("status") == "CANCELED").height
    assert names["refund.processed"] == refunds.filter(pl.col("status") == "processed").height
    assert all(isinstance(json.loads(payload), dict) for payload in facts["payload"].head(50))
    assert not facts["payload"].str.contains("@").any()


def test_events_are_such_as_the_endpoint_would_take(small_shop):
    """Rebuild submissions from stored rows (a sample of each name) and let the event rules judge them."""
    events = small_shop.tables["analytics_event"]
    for part in events.partition_by("name"):
        for row in part.head(20).iter_rows(named=True):
            submitted = {name: row[name] for name in ("name", "session_ref", "product_id", "order_id", "country")}
            submitted |= {
                "event_id": row["event_id"], "occurred_at": row["occurred_at"].isoformat(), "visitor_id": "v-1",
                "properties": json.loads(row["properties"])}
            if row["name"] == "identify":
                # The customer is not stored with the event but as the visitor's link.
                submitted["customer_id"] = row["event_id"]
            verdict = judge(submitted, received_at=row["received_at"], skew=timedelta())
            assert isinstance(verdict, Event), (row["name"], verdict)


def test_every_refused_body_has_its_fault(full_shops):
    faults = find_faults()
    assert len(faults) == len(REFUSED_BODIES)
    assert [fault.is_quarantined for fault in faults] == [False, False, False, False, True]
    refused = pl.concat([shop.tables["rejected_event"] for shop in full_shops])
    assert set(refused["code"]) == {fault.code for fault in faults}


def test_traffic_has_late_events_bots_and_wrong_clocks(full_shops):
    events = pl.concat([shop.tables["analytics_event"] for shop in full_shops])
    late = (events["received_at"] - events["corrected_at"]) > timedelta(hours=1)
    assert 0.005 < late.mean() < 0.03
    assert 0.02 < events["is_bot"].mean() < 0.06
    assert 0.001 < (events["occurred_at"] != events["corrected_at"]).mean() < 0.03
    assert set(events["name"]) == {
        "page_view", "product_view", "search", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase",
        "identify", "recommendation_click"}
    landings = events.filter((pl.col("name") == "page_view") & ~pl.col("is_bot"))
    media = dict(landings.group_by("utm_medium").len().rows())
    assert min(media[medium] for medium in ("cpc", "email", "paid_social", "affiliate")) > 1_000
