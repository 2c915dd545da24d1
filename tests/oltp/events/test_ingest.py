"""Storing batches: many at once, in any order, with anything in them."""

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from oltp.db.session import Database
from oltp.events.actions import Ingestion, ingest
from oltp.events.errors import TooManyEvents
from tests.conftest import IS_FULL
from tests.oltp.events.test_event_rules import VIEW, anything, nearly

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def store_events(database: Database, store: UUID, events: list[Any]) -> Ingestion:
    """Store one batch in a transaction of its own."""
    with database.session_for(store) as session:
        return ingest(session, store_id=store, events=events, sent_at=None, byte_count=1, now=NOW)


def read(database: Database, sql: str) -> list[Any]:
    """Read as the owner."""
    with database.owner_session() as session:
        return list(session.execute(text(sql)))


def add_customers(database: Database, store: UUID, count: int) -> list[UUID]:
    """Add customers and return their ids."""
    add = text("""
        INSERT INTO customers (store_id, email, first_name, last_name, total_spent_amount, average_order_amount)
        VALUES (:store, :email, 'A', 'B', 0, 0) RETURNING id""")
    rows = [{"store": store, "email": f"c{n}@example.test"} for n in range(count)]
    with database.session_for(store) as session:
        return [session.execute(add, row).scalar_one() for row in rows]


def identify(visitor: str, customer: UUID, minute: int) -> dict[str, Any]:
    """A visitor states at 11:<minute> to be a customer."""
    return {"name": "identify", "visitor_id": visitor, "customer_id": str(customer),
            "event_id": str(uuid4()), "occurred_at": f"2026-11-24T11:{minute:02d}:00Z"}


def links(database: Database) -> list[tuple[Any, ...]]:
    """(visitor, customer it is linked to, since)."""
    return [tuple(row) for row in read(database, """
        SELECT v.visitor_id, c.customer_id, v.linked_at FROM subject v JOIN subject c ON c.id = v.linked_subject_id
        ORDER BY v.visitor_id""")]


def test_threads_with_the_same_batches(database: Database, store: UUID) -> None:
    """Eight clients send the same five batches, each in an order of its own: no deadlock, each event once."""
    customers = add_customers(database, store, 3)
    batches = [[{**VIEW, "event_id": str(uuid4()), "visitor_id": f"v{n % 17}"} for n in range(60)]
               + [identify(f"v{n}", customers[n % 3], n) for n in range(10)] for _ in range(5)]

    def send(seed: int) -> list[Ingestion]:
        order = random.Random(seed)
        mine = [order.sample(batch, len(batch)) for batch in order.sample(batches, len(batches))]
        return [store_events(database, store, batch) for batch in mine]

    with ThreadPoolExecutor(8) as pool:
        done = list(itertools.chain.from_iterable(pool.map(send, range(8))))
    assert sum(ingestion.counts["accepted"] for ingestion in done) == 350
    assert sum(ingestion.counts["duplicate"] for ingestion in done) == 7 * 350
    assert read(database, "SELECT count(*), count(DISTINCT event_id) FROM analytics_event")[0] == (350, 350)
    assert read(database, "SELECT sum(accepted_count), sum(received_count) FROM ingest_batch")[0] == (350, 2800)
    assert read(database, "SELECT count(*) FROM subject WHERE kind = 'visitor'")[0] == (17,)
    assert [(visitor, customer) for visitor, customer, _ in links(database)] == sorted(
        (f"v{n}", customers[n % 3]) for n in range(10))


def test_identify_does_not_depend_on_the_order(database: Database, store: UUID) -> None:
    """One visitor states to be three customers, twice at the same minute: every order gives the same link."""
    customers = add_customers(database, store, 3)
    said = [(customers[0], 30), (customers[1], 10), (customers[2], 10), (customers[0], 20)]
    orders = list(itertools.permutations(range(4)))
    for number, order in enumerate(orders):
        for index in order:  # one by one, so that each is a batch of its own
            store_events(database, store, [identify(f"v{number:02d}", *said[index])])
    found = links(database)
    assert len(found) == len(orders) == 24
    winners = {(customer, since) for _, customer, since in found}
    assert len(winners) == 1
    customer, since = winners.pop()
    assert customer in customers[1:] and since == datetime(2026, 11, 24, 11, 10, tzinfo=UTC)
    batched = [identify("batched", *each) for each in said]
    store_events(database, store, batched)
    assert links(database)[0] == ("batched", customer, since)


def test_two_known_customers_stay_two(database: Database, store: UUID) -> None:
    first, second = add_customers(database, store, 2)
    store_events(database, store, [identify("v", first, 1), identify("v", second, 2), identify("w", second, 3)])
    assert [(visitor, customer) for visitor, customer, _ in links(database)] == [("v", first), ("w", second)]
    assert read(database, "SELECT count(*) FROM subject WHERE kind = 'customer' AND linked_at IS NOT NULL")[0] == (0,)


def test_who_is_meant(database: Database, store: UUID, other_store: UUID) -> None:
    first, second = add_customers(database, store, 2)
    stranger = add_customers(database, other_store, 1)[0]
    base = {"name": "identify", "visitor_id": "v", "occurred_at": "2026-11-24T11:00:00Z"}
    done = store_events(database, store, [
        {**base, "customer_email": "C1@example.test"}, {**base, "customer_id": str(stranger)},
        {**base, "customer_id": str(first), "customer_email": "c1@example.test"},
        {**base, "customer_id": str(first), "customer_email": "new@example.test"},
        {"name": "purchase", "order_id": str(uuid4()), "customer_id": str(second), "occurred_at": base["occurred_at"]}])
    assert [outcome.fault.code if outcome.fault else outcome.status for outcome in done.outcomes] == [
        "accepted", "unknown_customer", "ambiguous_customer", "accepted", "accepted"]
    rows = read(database, "SELECT s.kind, s.customer_id FROM analytics_event e JOIN subject s ON s.id = e.subject_id"
                          " WHERE e.name = 'purchase'")
    assert [tuple(row) for row in rows] == [("customer", second)]


def test_unconsented_events_leave_no_trace(database: Database, store: UUID) -> None:
    done = store_events(database, store, [{**VIEW, "consent": False}, {"consent": False, "junk": "\x00"}])
    assert done.counts["unconsented"] == 2
    for table in ("analytics_event", "rejected_event", "subject"):
        assert read(database, f"SELECT count(*) FROM {table}")[0] == (0,)


def test_the_same_id_at_another_time_is_another_row(database: Database, store: UUID) -> None:
    twin = {**VIEW, "event_id": str(uuid4())}
    later = {**twin, "occurred_at": "2026-11-24T11:00:01Z"}
    assert store_events(database, store, [twin, later, twin]).counts == {
        "accepted": 2, "duplicate": 1, "rejected": 0, "quarantined": 0, "unconsented": 0}


def test_too_many(database: Database, store: UUID) -> None:
    with pytest.raises(TooManyEvents, match="1001 events; at most 1000"):
        store_events(database, store, [VIEW] * 1001)


@settings(max_examples=200 if IS_FULL else 20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(anything | nearly | nearly.map(lambda item: {**VIEW, **item}), max_size=30))
def test_whatever_is_sent_is_accounted_for(database: Database, store: UUID, items: list[Any]) -> None:
    done = store_events(database, store, items)
    assert sum(done.counts.values()) == len(items) == len(done.outcomes)
    batch = f"ingest_batch_id = '{done.batch_id}'"
    assert read(database, f"SELECT count(*) FROM analytics_event WHERE {batch}")[0] == (done.counts["accepted"],)
    assert read(database, f"SELECT count(*) FROM rejected_event WHERE {batch}")[0] == (
        done.counts["rejected"] + done.counts["quarantined"],)
