"""Closing the source: from one moment on nobody writes to it, and everything written before is read.

New sessions are read-only by the database's default; sessions that began before do not know it, so they are ended,
those in a transaction last; and the tables are locked against writers while the last snapshot is read. If the last
repetition does not come to its end, the source is opened again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import errors, sql

from stormcom.adopt.errors import (
    PreparedTransactions,
    SourceLeftClosed,
    SourceRightMissing,
    SourceUnreachable,
    WritersRemain,
)
from stormcom.adopt.source import APPLICATION, Inventory, Source

SETTING = "default_transaction_read_only"
# How long a transaction that is open may take to end by itself.
PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05
# Sessions of programs that began before the database became read-only.
_WRITERS = """
    SELECT pid, xact_start IS NOT NULL AS is_busy FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
      AND backend_start <= %s AND application_name <> %s"""


@dataclass
class Window:
    """The time in which the source is read-only. `keeps_closed` once the target has taken over."""

    began: float
    moment: datetime
    keeps_closed: bool = False

    @property
    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self.began


@contextmanager
def closed(source: Source, *, patience: float = PATIENCE_SECONDS) -> Iterator[Window]:
    """Make the source read-only for the block, and for good if the block sets `keeps_closed`.

    Errors: SourceRightMissing, PreparedTransactions, WritersRemain; then it is as it was. SourceLeftClosed.
    """
    with source.connect(autocommit=True) as connection:
        _refuse_prepared(connection, source)
        before = _setting(connection)
        window = _close(connection, source)
        try:
            _end_writers(connection, source, window, patience)
            yield window
        except BaseException as error:
            if not window.keeps_closed:
                _open_again(source, before, error)
            raise
        if not window.keeps_closed:
            _set(connection, before)


def lock_tables(
    reader: psycopg.Connection, source: Source, inventory: Inventory, *, patience: float = PATIENCE_SECONDS
) -> None:
    """Keep writers out until the reader's transaction ends; must come first in it.

    Errors: WritersRemain, SourceRightMissing.
    """
    names = sql.SQL(", ").join(sql.Identifier(found.physical) for found in inventory.tables)
    try:
        # SET takes no snapshot, so what is committed before the lock is granted will be seen.
        reader.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(int(patience * 1000))))
        reader.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
    except errors.LockNotAvailable as error:
        raise WritersRemain(database=source.name, seconds=int(patience), reason="a table stayed locked") from error
    except errors.InsufficientPrivilege as error:
        raise _right_missing(reader, source, "lock tables", error) from error


def is_closed(connection: psycopg.Connection) -> bool:
    """Say whether new sessions of the source are read-only."""
    return _setting(connection) == "on"


def _close(connection: psycopg.Connection, source: Source) -> Window:
    began = time.monotonic()
    try:
        _set(connection, "on")
    except errors.InsufficientPrivilege as error:
        raise _right_missing(connection, source, "make it read-only", error) from error
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return Window(began, row[0])


def _end_writers(connection: psycopg.Connection, source: Source, window: Window, patience: float) -> None:
    """End older sessions: idle ones at once, busy ones when their transaction ends, or when patience does."""
    deadline = window.began + patience
    while True:
        older = connection.execute(_WRITERS, (window.moment, APPLICATION)).fetchall()
        if not older:
            return
        is_late = time.monotonic() > deadline
        if is_late and time.monotonic() > deadline + patience:
            raise WritersRemain(database=source.name, seconds=int(2 * patience), reason=f"process {older[0][0]}")
        for pid, is_busy in older:
            if is_late or not is_busy:
                _terminate(connection, source, pid)
        time.sleep(_POLL_SECONDS)


def end_late_sessions(connection: psycopg.Connection, window: Window) -> None:
    """End sessions that were still starting when the others were ended, and so have the old default."""
    for pid, _ in connection.execute(_WRITERS, (window.moment, APPLICATION)).fetchall():
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))


def _terminate(connection: psycopg.Connection, source: Source, pid: int) -> None:
    try:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    except errors.InsufficientPrivilege as error:
        raise _right_missing(connection, source, "end other sessions", error) from error


def _refuse_prepared(connection: psycopg.Connection, source: Source) -> None:
    row = connection.execute(
        "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()").fetchone()
    if row and row[0]:
        raise PreparedTransactions(database=source.name, count=row[0])


def _setting(connection: psycopg.Connection) -> str | None:
    row = connection.execute("""
        SELECT split_part(c, '=', 2) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase,
          unnest(s.setconfig) c
        WHERE d.datname = current_database() AND s.setrole = 0 AND c LIKE %s""", (f"{SETTING}=%",)).fetchone()
    return row[0] if row else None


def _open_again(source: Source, before: str | None, error: BaseException) -> None:
    """Undo it with a session of its own: the first may have ended with whatever failed. Errors: SourceLeftClosed."""
    try:
        with source.connect(autocommit=True) as connection:
            _set(connection, before)
    except (psycopg.Error, SourceUnreachable) as second:
        raise SourceLeftClosed(database=source.name, reason=str(error).strip(), second=str(second).strip()) from error


def _set(connection: psycopg.Connection, value: str | None) -> None:
    database = sql.Identifier(connection.info.dbname)
    # The session itself may be read-only by that very default.
    connection.execute(f"SET {SETTING} = off")
    if value is None:
        connection.execute(sql.SQL("ALTER DATABASE {} RESET " + SETTING).format(database))
    else:
        connection.execute(sql.SQL("ALTER DATABASE {} SET " + SETTING + " = {}").format(database, sql.Literal(value)))


def _right_missing(
    connection: psycopg.Connection, source: Source, what: str, error: errors.InsufficientPrivilege
) -> SourceRightMissing:
    advice = (f"{error.diag.message_primary}. Use the database's owner, and for other logins' sessions one that is "
              "granted pg_signal_backend, or stop the shop's programs first.")
    return SourceRightMissing(login=connection.info.user, what=what, database=source.name, advice=advice)
