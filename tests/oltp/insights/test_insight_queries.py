"""Reads of published rows: distinct customers over a window, credit, best-sellers, isolation, constant queries."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from oltp.customers.models import Customer
from oltp.db.session import Database
from oltp.insights.models import CohortMetrics, OrderAttribution
from oltp.insights.queries import (
    count_customers,
    find_overview,
    find_span,
    list_channels,
    list_cohorts,
    list_days,
    list_top_products,
)
from oltp.insights.rules import Window
from oltp.orders.models import Order
from tests.search_api.published import cohort_row, credit_row, day_row, publish_days
from tests.search_api.showcase import publish_showcase
from tests.statements import statements

DAY = date(2026, 11, 10)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _place(database: Database, store: UUID, person: UUID | None, day: date) -> None:
    """Place an order of a customer (None: without any contact) and publish its attribution."""
    order_id = uuid4()
    with database.session_for(store) as session:
        session.execute(
            insert(Order),
            {
                "id": order_id,
                "store_id": store,
                "customer_id": person,
                "order_number": str(order_id),
                "placed_at": NOW,
                "currency": "USD",
                "order_subtotal_amount": 100,
                "order_total_amount": 100,
            },
        )
    with database.pipelines_session() as session:
        session.execute(insert(OrderAttribution), credit_row(store, order_id, day, "Email", 100, model="first"))


def _customer(database: Database, store: UUID) -> UUID:
    person = uuid4()
    with database.session_for(store) as session:
        session.execute(
            insert(Customer),
            {"id": person, "store_id": store, "email": f"{person}@example.test", "first_name": "A", "last_name": "B"},
        )
    return person


def test_customers_of_a_window_are_distinct_people(database: Database, store: UUID) -> None:
    # Ann: first order in the window and another in it → returning, once. Ben: first before it, two orders in it
    # → returning, once. Cy: first order only. Two on one day are no return. An order without contact is nobody's.
    ann, ben, cy = (_customer(database, store) for _ in range(3))
    for person, back in ((ann, 3), (ann, 1), (ben, 40), (ben, 2), (ben, 1), (cy, 1), (cy, 1), (None, 1)):
        _place(database, store, person, DAY - timedelta(back))
    windows = [Window(DAY - timedelta(7), DAY), Window(DAY - timedelta(60), DAY - timedelta(8)), Window(DAY, DAY)]
    with database.session_for(store) as session:
        counts = count_customers(session, store_id=store, windows=windows)
    assert [(each.customers_count, each.returning_count) for each in counts] == [(3, 2), (1, 0), (0, 0)]


def test_no_window_counts_nobody(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        assert count_customers(session, store_id=store, windows=[]) == []


def test_days_page_by_the_last_day_read(database: Database, store: UUID) -> None:
    publish_days(
        database, [day_row(store, DAY - timedelta(back), orders_count=back) for back in range(5)], taken_at=NOW
    )
    window = Window(DAY - timedelta(3), DAY)
    with database.session_for(store) as session:
        first = list_days(session, store_id=store, window=window, columns=["orders_count"], limit=2)
        rest = list_days(session, store_id=store, window=window, columns=["orders_count"], after_on=first[-1].day)
    assert [row.numbers["orders_count"] for row in first + rest] == [3, 2, 1, 0]


def test_cohorts_come_whole(database: Database, store: UUID) -> None:
    with database.pipelines_session() as session:
        session.execute(
            insert(CohortMetrics),
            [
                cohort_row(store, date(2026, month, 1), index, 9, 1 if index else 9)
                for month in (8, 9, 10)
                for index in (0, 1)
            ],
        )
    with database.session_for(store) as session:
        cells = list_cohorts(session, store_id=store, grain="month", after_on=date(2026, 8, 1), limit=1)
    assert [(cell.cohort_on.month, cell.period_index) for cell in cells] == [(9, 0), (9, 1)]


def test_channels_count_an_order_once(database: Database, store: UUID) -> None:
    order = uuid4()
    with database.pipelines_session() as session:
        session.execute(
            insert(OrderAttribution),
            [
                credit_row(store, order, DAY, "Email", amount, model="linear", ordinal=n)
                for n, amount in enumerate((34, 33, 33), 1)
            ]
            + [credit_row(store, uuid4(), DAY, "unattributed", 500, model="linear")],
        )
    with database.session_for(store) as session:
        channels = list_channels(session, store_id=store, model="linear", window=Window(DAY, DAY))
    assert [(each.channel, each.credit_amount, each.orders_count) for each in channels] == [
        ("unattributed", 500, 1),
        ("Email", 100, 1),
    ]


def test_the_nearest_published_window_of_products_is_taken(database: Database, store: UUID) -> None:
    publish_showcase(database, store, last_on=DAY, taken_at=NOW, days_count=10)
    with database.session_for(store) as session:
        for asked, found in ((1, 7), (28, 30), (90, 90), (3650, 365)):
            rows = list_top_products(session, store_id=store, days_count=asked, limit=3)
            assert [(row.window_days, row.rank) for row in rows] == [(found, 1), (found, 2), (found, 3)]


def test_the_overview_compares_only_with_a_whole_window(database: Database, store: UUID) -> None:
    publish_showcase(database, store, last_on=DAY, taken_at=NOW, days_count=100)
    with database.session_for(store) as session:
        month = find_overview(session, store_id=store, model="last", columns=["orders_count"], days_count=30)
        quarter = find_overview(session, store_id=store, model="last", columns=["orders_count"], days_count=90)
        whole = find_overview(session, store_id=store, model="last", columns=["orders_count"], days_count=None)
        beyond = find_overview(
            session,
            store_id=store,
            model="last",
            columns=["orders_count"],
            from_on=date(1999, 1, 1),
            to_on=date(1999, 1, 9),
        )
    assert month is not None and quarter is not None and whole is not None and beyond is not None
    assert (len(month.days), len(month.days_before)) == (30, 30)
    assert (quarter.before, quarter.days_before) == (None, [])
    assert whole.window.days_count == len(whole.days) == 100
    assert beyond.window == quarter.window


def test_other_stores_rows_do_not_exist(database: Database, store: UUID, other_store: UUID) -> None:
    publish_showcase(database, store, last_on=DAY, taken_at=NOW, days_count=10)
    with database.session_for(other_store) as session:
        assert find_overview(session, store_id=other_store, model="last", columns=["orders_count"]) is None
        # Even asked for by name: the database itself shows nothing.
        assert find_span(session, store_id=store) is None
        assert list_cohorts(session, store_id=store, grain="month") == []
        assert list_top_products(session, store_id=store, days_count=30) == []
        assert session.scalar(text("SELECT count(*) FROM order_attribution")) == 0


def test_an_overview_costs_the_same_however_much_there_is(database: Database, store: UUID, other_store: UUID) -> None:
    publish_showcase(database, store, last_on=DAY, taken_at=NOW, days_count=5)
    publish_showcase(database, other_store, last_on=DAY, taken_at=NOW, days_count=200)
    costs = []
    for each in (store, other_store):
        with statements(database) as sent, database.session_for(each) as session:
            find_overview(session, store_id=each, model="linear", columns=["orders_count"], days_count=None)
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 8
