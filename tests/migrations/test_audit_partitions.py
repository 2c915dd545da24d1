"""The audit log changes hands while legacy programs write: old rows, new rows, and the way back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg
from sqlalchemy import text

from oltp.db.session import Database
from stormcom.schema import downgrade, upgrade
from tests.conftest import IS_FULL, create_store

ROWS = 200_000 if IS_FULL else 4_000
# As the oldest legacy programs write: no new column, no id of the store's choosing.
FILL = """
INSERT INTO audit_logs (id, store_id, action, entity_type, entity_id, changes, created_at)
SELECT uuidv7(), :store, 'update', 'Product', 'p' || n, '{"price": {"old": 1, "new": 2}}',
       now() - n % 900 * interval '1 day' FROM generate_series(1, :rows) n
"""
WRITE = "INSERT INTO audit_logs (store_id, action, entity_type, entity_id) VALUES (%s, 'late', 'Product', 'x')"
PARTITIONS = "SELECT name, from_at, to_at FROM month_partitions('audit_logs') ORDER BY from_at"


@contextmanager
def _writer(database: Database, store: object) -> Iterator[list[int]]:
    """A legacy program that writes entry after entry; yields the count of those it has committed."""
    done, stop, failures = [0], threading.Event(), list[Exception]()

    def write() -> None:
        try:
            with psycopg.connect(database.url, autocommit=True) as connection:
                while not stop.is_set():
                    connection.execute(WRITE, (store,))
                    done[0] += 1
        except psycopg.Error as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()
    assert failures == []


def test_a_filled_log_changes_hands_beside_a_writer(adopted_database: Database) -> None:
    database = adopted_database
    store = create_store(database, slug="demo")
    database.dispose()
    downgrade(database.url, "0027")
    with database.owner_session() as session:
        session.execute(text(FILL), {"store": store, "rows": ROWS})
    with _writer(database, store) as written:
        upgrade(database.url, "0029")
    with psycopg.connect(database.url, autocommit=True) as connection:
        counts = "SELECT count(*), count(signature), count(DISTINCT severity) FROM audit_logs"
        assert connection.execute(counts).fetchone() == (ROWS + written[0], 0, 1) and written[0] > 0
        first, second = connection.execute(PARTITIONS).fetchmany(2)
        assert (first[0], first[2]) == ("audit_logs_first", second[1])
        edges = connection.execute("""
            SELECT now() - interval '899 days' BETWEEN %s AND %s::timestamptz + interval '31 days',
                   now() + interval '1 month' < %s,
                   now() + interval '12 months' < (SELECT max(to_at) FROM month_partitions('audit_logs'))""",
            (first[1], first[1], first[2])).fetchone()
        assert edges == (True, True, True)
        assert connection.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'audit_logs_edges'").fetchone() \
            == (0,)
        connection.execute("SET ROLE stormcom_owner")
        counted = connection.execute("SELECT * FROM partition_digest('audit_logs', 'audit_logs_first')").fetchone()
        assert counted is not None and counted[0] == ROWS + written[0]
        connection.execute("SELECT detach_month('audit_logs', 'audit_logs_first', %s, %s, %s)",
                           (*counted, date(first[2].year + 1, first[2].month, 1)))
        assert connection.execute("SELECT count(*) FROM audit_logs").fetchone() == (0,)
    downgrade(database.url, "0027")
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT count(*) FROM audit_logs").fetchone() == (ROWS + written[0],)
        key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'audit_logs_pkey'"
        assert connection.execute(key).fetchone() == ("PRIMARY KEY (id)",)
