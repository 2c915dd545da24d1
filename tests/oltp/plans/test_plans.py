"""Every listing keeps to its indexes: the plan's index names are a baseline, and no large table is read whole.

Costs and times are not compared: they differ between machines. `STORMCOM_WRITE_PLANS=1` writes the baseline anew; read
the difference before committing it.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.events.queries import list_replayable
from oltp.fraud.queries import collect_features
from oltp.insights.queries import list_channels, list_days, list_top_products
from oltp.insights.rules import Window
from oltp.merchandising.queries import ListingFilter, list_products
from oltp.orders.creating import number_order
from oltp.orders.models import Order
from oltp.orders.queries import OrderFilter, is_first_order, list_orders
from oltp.promotions.queries import list_active_rules
from oltp.tenancy.usage import count_order
from tests.conftest import cloned_database, create_store
from tests.oltp.plans.shop import fill

BASELINE = Path(__file__).with_name("plans.json")
LARGE = 10_000
MOMENT = datetime(2026, 1, 5, tzinfo=UTC)
SOME = UUID("01a20c4d-25f2-77e2-86a9-21bf4379aa47")
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 28))

Listing = Callable[[Session, UUID], object]


def _products(after: Any = None, **wanted: str) -> Listing:
    return lambda session, store: list_products(
        session, store_id=store, wanted=ListingFilter(**wanted), after=after, limit=21)


def _orders(after: Any = None, **wanted: Any) -> Listing:
    return lambda session, store: list_orders(
        session, store_id=store, wanted=OrderFilter(**wanted), after=after, limit=21)


LISTINGS: dict[str, Listing] = {
    "products": _products(),
    "products, next page": _products((MOMENT, SOME)),
    "products of a category": _products(category="category-3"),
    "products of a brand": _products(brand="brand-3"),
    "products of a collection": _products(collection="all"),
    "products of a collection, next page": _products((40, SOME), collection="all"),
    "orders": _orders(),
    "orders, next page": _orders((MOMENT, SOME)),
    "drafts": _products(status="DRAFT"),
    "open orders in a status": _orders((MOMENT, SOME), status="PAID"),
    "closed orders in a status": _orders((MOMENT, SOME), status="SHIPPED"),
    "orders of a customer": _orders(customer_id=SOME),
    "rejected events": lambda session, store: list_replayable(session, store_id=store, after=None, limit=21),
    "days of metrics": lambda session, store: list_days(
        session, store_id=store, window=WINDOW, columns=("orders_count", "gross_sales_amount"), limit=21),
    "channels of a window": lambda session, store: list_channels(
        session, store_id=store, model="last_touch", window=WINDOW),
    "top products": lambda session, store: list_top_products(session, store_id=store, days_count=28),
}


def _number(session: Session, store: UUID) -> None:
    number_order(session, order=Order(id=SOME, store_id=store), number="ORD-07")


def _judged(session: Session, store: UUID) -> None:
    newest = session.scalars(text("SELECT id FROM orders WHERE store_id = :store AND order_number = 'ORD-19999'"),
                             {"store": store}).one()
    collect_features(session, store_id=store, order_id=newest)


def _promotions(session: Session, store: UUID) -> None:
    list_active_rules(session, store_id=store, currency="USD", codes=["TEN"], at=MOMENT, customer_id=SOME,
                      email="7@example.test")


# What a customer waits for while an order is placed; some of it while every other customer waits for him.
PLACING: dict[str, Listing] = {
    "an order is counted": lambda session, store: count_order(session, store_id=store, now=MOMENT),
    "an order gets its number": _number,
    "an order is judged": _judged,
    "a first order?": lambda session, store: is_first_order(
        session, store_id=store, customer_id=SOME, email="7@example.test"),
    "promotions in force": _promotions,
}
STATEMENTS = LISTINGS | PLACING


@pytest.fixture(scope="module")
def shop(server_url: str, template: str) -> Iterator[tuple[Database, UUID]]:
    """A database with a large store."""
    with cloned_database(server_url, template) as database:
        for slug in ("large", "middle", "small"):
            create_store(database, slug=slug)
        yield database, fill(database)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def explain(database: Database, store: UUID, listing: Listing) -> list[dict[str, Any]]:
    """Run the listing as the app, and return every plan node of the statements it sent."""
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        sent.append((statement, parameters))

    with database.session_for(store) as session:
        event.listen(database.app, "before_cursor_execute", note)
        listing(session, store)
        event.remove(database.app, "before_cursor_execute", note)
        found: list[dict[str, Any]] = []
        for statement, parameters in sent:
            plan = session.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
            found += _nodes(plan[0]["Plan"])
    return found


def _indexes(nodes: list[dict[str, Any]]) -> list[str]:
    # A partition's index says its month; the month of the test run must not matter.
    return sorted({re.sub(r"_\d{6}_", "_YYYYMM_", node["Index Name"]) for node in nodes if "Index Name" in node})


def test_listings_keep_to_their_indexes(shop: tuple[Database, UUID]) -> None:
    plans = {name: _indexes(explain(*shop, listing)) for name, listing in STATEMENTS.items()}
    if os.environ.get("STORMCOM_WRITE_PLANS"):
        BASELINE.write_text(json.dumps(plans, indent=2) + "\n")
    assert plans == json.loads(BASELINE.read_text())


def test_no_listing_reads_a_large_table_whole(shop: tuple[Database, UUID]) -> None:
    database, store = shop
    with database.owner_session() as session:
        # The archive of the contract has tables of the same names.
        sizes = session.execute(text("""
            SELECT relname, reltuples FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace""")).all()
    rows = {row[0]: row[1] for row in sizes}
    assert rows["products"] > LARGE and rows["orders"] > LARGE and rows["product_price"] > LARGE
    whole = [(name, node["Relation Name"]) for name, listing in STATEMENTS.items()
             for node in explain(database, store, listing)
             if node["Node Type"].endswith("Seq Scan") and rows.get(node["Relation Name"], 0) > LARGE]
    assert whole == []


def test_placing_an_order_reads_nothing_of_all_the_stores_orders(shop: tuple[Database, UUID]) -> None:
    """Nothing that grows with the store is read by the store alone, but for what ends at a limit."""
    grows = {"orders", "payment_attempt", "fraud_assessment", "order_items", "promotion_usage", "subject", "customers"}
    for name, work in PLACING.items():
        for node in explain(*shop, work):
            if node.get("Relation Name") in grows and "Scan" in node["Node Type"]:
                found = node.get("Index Cond", "").count(" = ") + node.get("Index Cond", "").count(" < ")
                assert found > 1, (name, node)


def test_a_lost_index_is_noticed(shop: tuple[Database, UUID]) -> None:
    """The comparison can fail: without the covering index the listing of orders takes another way."""
    database, store = shop
    usual = json.loads(BASELINE.read_text())["orders"]
    with database.owner_session() as session:
        made = session.scalar(text("SELECT pg_get_indexdef('orders_listing_idx'::regclass)"))
        session.execute(text("DROP INDEX orders_listing_idx"))
    try:
        assert _indexes(explain(database, store, LISTINGS["orders"])) != usual
    finally:
        with database.owner_session() as session:
            session.execute(text(str(made)))
