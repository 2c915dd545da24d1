"""Taking events, beside a raw COPY of the same rows into the same partitioned table and into a bare one.

Usage: python -m benchmarks.event_ingest [BATCHES]. A batch is 1,000 events; each is decoded, judged against its
schema and committed, as POST /v1/events does it, by one client and by two. The database is made for the run and
thrown away; it is durable, as a user's is.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import text

from benchmarks._server import throwaway_database
from oltp.db.session import Database
from oltp.events.actions import ingest
from oltp.kit.clock import SystemClock
from search_api.events.decoding import decode_submission

SIZE = 1_000
VISITORS = 20_000
# Everything a stored row holds, except what the database itself stamps.
COLUMNS = (
    "store_id, event_id, occurred_at, corrected_at, received_at, name, subject_id, is_bot, session_ref, product_id, "
    "utm_source, utm_medium, referrer_host, page_path, country, properties, ingest_batch_id")


def main(batches: int) -> None:
    with throwaway_database() as url:
        measure(url, batches)


def measure(url: str, batches: int) -> None:
    database = Database(url)
    store = add_store(database)
    take(database, store, make_batches(3))  # the first statements of a connection are planned, that is not measured
    count = batches * SIZE
    one = take(database, store, make_batches(batches))
    first, second = make_batches(batches // 2), make_batches(batches - batches // 2)
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda part: take(database, store, part), (first, second)))
    two = time.perf_counter() - began
    indexed, bare = copy_again(url, count)
    database.dispose()
    print(f"events                           {count:>10,}")
    for name, seconds in (("one client", one), ("two clients", two)):
        print(f"taken by {name:<24}{count / seconds:>10,.0f} events/s")
    for name, seconds in (("the same partitioned table", indexed), ("a bare table", bare)):
        print(f"COPY into {name:<27}{count / seconds:>6,.0f} events/s, "
              f"ratio {one / seconds:.1f} (one client), {two / seconds:.1f} (two)")


def add_store(database: Database) -> UUID:
    with database.owner_session() as session:
        organization = session.execute(text("INSERT INTO organizations (name, slug) VALUES ('b', 'b') RETURNING id"))
        store: UUID = session.execute(
            text("INSERT INTO stores (organization_id, name, slug, email, currency, timezone) VALUES "
                 "(:organization, 'b', 'b', 'b@example.test', 'USD', 'UTC') RETURNING id"),
            {"organization": organization.scalar_one()}).scalar_one()
    return store


def make_batches(count: int) -> list[bytes]:
    """Bodies as a storefront sends them."""
    chance, now = random.Random(count), SystemClock().now()
    return [json.dumps({"events": [make_event(chance, now) for _ in range(SIZE)]}).encode() for _ in range(count)]


def make_event(chance: random.Random, now: datetime) -> dict[str, object]:
    moment = now - timedelta(seconds=chance.randrange(86_400))
    return {
        "event_id": str(uuid4()), "name": "product_view", "occurred_at": moment.isoformat(),
        "visitor_id": f"visitor-{chance.randrange(VISITORS)}", "session_ref": f"s-{chance.randrange(9_999)}",
        "product_id": str(uuid4()), "utm_source": "google", "utm_medium": "cpc", "country": "US",
        "page_url": f"https://shop.test/p/{chance.randrange(999)}", "referrer": "https://www.google.com/",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "properties": {"position": 3, "list": "new"}}


def take(database: Database, store: UUID, bodies: Sequence[bytes]) -> float:
    """Seconds to decode, judge and commit the bodies, each in a transaction of its own."""
    began = time.perf_counter()
    for body in bodies:
        submission = decode_submission(body)
        with database.session_for(store) as session:
            done = ingest(session, store_id=store, events=submission.events, sent_at=submission.sent_at,
                          byte_count=len(body), now=SystemClock().now())
        assert done.counts["accepted"] == SIZE
    return time.perf_counter() - began


def copy_again(url: str, count: int) -> tuple[float, float]:
    """Seconds to COPY `count` of the stored rows into the emptied table, and into one without keys or triggers."""
    with psycopg.connect(url, autocommit=True) as connection:
        reader = connection.cursor()
        with reader.copy(f"COPY (SELECT {COLUMNS} FROM analytics_event LIMIT {count}) TO STDOUT") as copy:
            rows = [bytes(block) for block in copy]
        connection.execute("TRUNCATE analytics_event")
        connection.execute("CREATE TABLE bare AS SELECT * FROM analytics_event WITH NO DATA")
        return write(connection, "analytics_event", rows), write(connection, "bare", rows)


def write(connection: psycopg.Connection, table: str, rows: Sequence[bytes]) -> float:
    """Seconds to COPY the rows in transactions of one batch each, as the events were taken."""
    began = time.perf_counter()
    for start in range(0, len(rows), SIZE):
        with connection.cursor().copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
            copy.write(b"".join(rows[start:start + SIZE]))
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
