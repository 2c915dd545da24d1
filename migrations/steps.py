"""Steps of a revision that runs while others write: short transactions, batches, indexes built beside the writers.

Frozen plumbing: revisions import it, and it imports nothing of the application. A revision made of steps may be killed
anywhere and run again. Each step is noted in the transaction that makes it, in the schema `migration_progress`, and
`forget` drops the notes in the transaction that stamps the revision. Two equal steps of one revision run once.

Writers never wait long: whoever asks for a strong lock makes others queue behind it, so a step gives up after
`LOCK_TIMEOUT` and tries again later. That is also shorter than Postgres's deadlock_timeout, so a step that meets a
writer crosswise is the one that yields.

Where env.py says `is_alone` (a database without a store or a user), nobody can be kept waiting: then a revision stays
one transaction and indexes are built in it, which makes a new database several times as fast.
"""

import logging
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from hashlib import sha256

import psycopg
from alembic import op
from psycopg import errors
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import text
from sqlalchemy.engine import Connection

LOCK_TIMEOUT = "150ms"
# How long a step may be refused its locks before the revision fails; it can be run again then.
PATIENCE_SECONDS = 600.0
BATCH_SECONDS = 0.1
LARGEST_BATCH = 5000
NOTES = "migration_progress"
SETTINGS = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL timezone = 'UTC'"
YIELDED = (errors.LockNotAvailable, errors.DeadlockDetected)

log = logging.getLogger(__name__)


def step(sql: str) -> None:
    """Run statements in one short transaction of their own, once; wait for locks in many short tries."""
    with _connection() as connection:
        if _is_alone():
            connection.execute(f"{SETTINGS};{sql}".encode())
        elif not _is_noted(connection, sql):
            _patiently(lambda: _run(connection, sql))


def batches(label: str, sql: str, *, over: str, where: str = "true", key: str = "id", size: int = 500) -> None:
    """Run `sql` for the rows of table `over` that meet `where`, some at a time, each time in its own transaction.

    `sql` names the rows as `= ANY(%(ids)s)`: values of `key`, in its order. What writers add meanwhile is not
    visited: a trigger made in an earlier step must care for it. `sql` must bear running twice for the same rows.
    `size` is the first batch's; later ones last `BATCH_SECONDS`: a writer may wait for a row until the batch ends.
    """
    with _connection() as connection:
        if _is_noted(connection, sql):
            return
        counted = connection.execute(f"SELECT count(*) FROM {over} WHERE {where}".encode()).fetchone()
        with _progress(label, counted[0] if counted else 0) as advance:
            for count in _walk(connection, sql, f"{key} FROM {over} WHERE ({where})", key, size):
                advance(count)
        if not _is_alone():
            _note(connection, sql)


def index_concurrently(name: str, target: str, *, unique: bool = False) -> None:
    """Build the index `name` on `target`, e.g. `orders (store_id, status) WHERE …`, while writers go on.

    A valid index of that name is kept; what a broken build left behind is dropped first.
    """
    with _connection() as connection:
        if _is_alone():
            connection.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX {name} ON {target}".encode())
        else:
            _patiently(lambda: _build(connection, name, target, unique))


def add_unique(table: str, columns: str, *, name: str | None = None) -> None:
    """Add UNIQUE (columns) by an index that was built beside the writers. The name is Postgres's own by default."""
    name = name or f"{table}_{_joined(columns)}_key"
    index_concurrently(name, f"{table} ({columns})", unique=True)
    step(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")


def add_foreign_key(table: str, columns: str, references: str, *, name: str | None = None) -> None:
    """Add a foreign key; `references` is what follows REFERENCES, e.g. `products (store_id, id) ON DELETE CASCADE`."""
    name = name or f"{table}_{_joined(columns)}_fkey"
    step(f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {references} NOT VALID")
    validate(table, name)


def add_check(table: str, name: str, condition: str) -> None:
    """Add CHECK (condition): for new rows at once, then verified for the old ones without a lock that stops writers."""
    step(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    validate(table, name)


def set_not_null(table: str, *columns: str) -> None:
    """Forbid NULL in columns that are filled already, and kept filled by a trigger or a default."""
    names = [f"{table}_{column}_not_null" for column in columns]
    parts = [f"ADD CONSTRAINT {name} NOT NULL {column} NOT VALID" for name, column in zip(names, columns, strict=True)]
    step(f"ALTER TABLE {table} {', '.join(parts)}")
    validate(table, *names)


def validate(table: str, *constraints: str) -> None:
    """Verify the rows that were there before the constraints; reads the whole table, stops nobody."""
    for constraint in constraints:
        step(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def track(table: str, key: str) -> None:
    """Make an existing table extracted, as track_rows() does for a new one; the index is built beside the writers.

    The rows that are there get the id of the running transaction as a constant: no row is rewritten, and none stands
    below a horizon that anyone has read.
    """
    step(f"""
        DO $$ BEGIN
          EXECUTE format('ALTER TABLE {table} ADD COLUMN row_version xid8 NOT NULL DEFAULT %L',
                         pg_current_xact_id()::text); END $$;
        ALTER TABLE {table} ALTER COLUMN row_version SET DEFAULT pg_current_xact_id();
        CREATE TRIGGER z_row_version BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION stamp_row_version();
        CREATE TRIGGER z_tombstone AFTER DELETE ON {table} FOR EACH ROW
          EXECUTE FUNCTION write_tombstone('{table}', '{key}')""")
    index_concurrently(f"{table}_row_version_idx", f"{table} (row_version)")


def forget(connection: Connection) -> None:
    """Drop the notes; belongs into the transaction that stamps the revision."""
    connection.execute(text(f"DROP SCHEMA IF EXISTS {NOTES} CASCADE"))


@contextmanager
def _connection() -> Iterator[psycopg.Connection]:
    """Alembic's connection, outside of any transaction (what the revision did before is committed) unless alone."""
    with nullcontext() if _is_alone() else op.get_context().autocommit_block():
        driver = op.get_bind().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        yield driver


def _is_alone() -> bool:
    return bool(op.get_context().opts.get("is_alone"))


def _run(connection: psycopg.Connection, sql: str) -> None:
    """Run statements and note them, in one transaction."""
    with connection.transaction():
        connection.execute(f"{SETTINGS};{sql}".encode())
        _note(connection, sql)


def _note(connection: psycopg.Connection, sql: str) -> None:
    connection.execute(f"""
        CREATE SCHEMA IF NOT EXISTS {NOTES};
        CREATE TABLE IF NOT EXISTS {NOTES}.step (digest text PRIMARY KEY);
        INSERT INTO {NOTES}.step VALUES ('{_digest(sql)}')""".encode())


def _run_batch(connection: psycopg.Connection, sql: str, ids: list[object]) -> None:
    with connection.transaction():
        connection.execute(SETTINGS.encode())
        connection.execute(sql.encode(), {"ids": ids})


def _is_noted(connection: psycopg.Connection, sql: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{NOTES}.step",)).fetchone()
    if row is None or not row[0]:
        return False
    statement = f"SELECT 1 FROM {NOTES}.step WHERE digest = %s"
    return connection.execute(statement.encode(), (_digest(sql),)).fetchone() is not None


def _walk(connection: psycopg.Connection, sql: str, rows: str, key: str, size: int) -> Iterator[int]:
    """Yield the number of rows after each batch. A batch that meets a locked row is tried again with fewer rows."""
    after: object = None
    tries = _Patience()
    while True:
        ids = _next_keys(connection, rows, key, after, size)
        if not ids:
            return
        started = time.monotonic()
        try:
            _run_batch(connection, sql, ids)
        except YIELDED:
            tries.wait()
            size = max(1, size // 2)
            continue
        tries = _Patience()
        after = ids[-1]
        wanted = BATCH_SECONDS / max(time.monotonic() - started, 0.001)
        size = min(LARGEST_BATCH, max(1, int(size * min(2.0, max(0.5, wanted)) + 0.5)))
        yield len(ids)


def _next_keys(connection: psycopg.Connection, rows: str, key: str, after: object, size: int) -> list[object]:
    further = "" if after is None else f" AND {key} > %(after)s"
    statement = f"SELECT {rows}{further} ORDER BY {key} LIMIT %(size)s"
    return [row[0] for row in connection.execute(statement.encode(), {"after": after, "size": size})]


def _build(connection: psycopg.Connection, name: str, target: str, unique: bool) -> None:
    row = connection.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (name,)).fetchone()
    if row is not None and row[0]:
        return
    # It waits for older transactions in a lock mode that no writer queues behind, so it may wait as long as it takes.
    connection.execute("SET lock_timeout = 0")
    try:
        if row is not None:
            connection.execute(f"DROP INDEX CONCURRENTLY {name}".encode())
        connection.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {target}".encode())
    finally:
        connection.execute("RESET lock_timeout")


class _Patience:
    """Waits longer from try to try; raises the error at hand when the patience is over."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE_SECONDS
        self._pause = 0.05

    def wait(self) -> None:
        if time.monotonic() > self._until:
            raise  # the error at hand: only an except block calls this
        time.sleep(self._pause * (0.5 + random.random()))
        self._pause = min(self._pause * 2, 2.0)


def _patiently(run: Callable[[], None]) -> None:
    tries = _Patience()
    while True:
        try:
            return run()
        except YIELDED:
            tries.wait()


@contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere one line at the end. Silent when there is nothing to do."""
    done, started = 0, time.monotonic()
    bar = Progress(console=Console(stderr=True), disable=not (total and sys.stderr.isatty()), transient=True)
    with bar:
        task = bar.add_task(label, total=total)

        def advance(count: int) -> None:
            nonlocal done
            done += count
            bar.advance(task, count)

        yield advance
    if total:
        log.info("%s: %s rows in %.1f s", label, done, time.monotonic() - started)


def _digest(sql: str) -> str:
    return sha256(sql.encode()).hexdigest()


def _joined(columns: str) -> str:
    return "_".join(column.strip() for column in columns.split(","))
