"""One repetition of an adoption, from the first look at both sides to the committed report.

The target is written in one transaction, because the source is read in one snapshot: half of it would be a shop with
today's products and yesterday's orders. A repetition that dies leaves the target as it was; the next starts anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from oltp.db.locking import try_lock
from oltp.db.session import Database
from oltp.kit.clock import Clock
from stormcom.adopt.choices import make_choices
from stormcom.adopt.closing import PATIENCE_SECONDS, Window, closed, end_late_sessions, is_closed, lock_tables
from stormcom.adopt.errors import AdoptionRuns, AnotherShop, OutcomeUnknown
from stormcom.adopt.findings import find
from stormcom.adopt.keys import give_ids
from stormcom.adopt.ledger import StoredRun, find_last_run, next_run_id, record_run, record_window
from stormcom.adopt.sorting import sort_rows
from stormcom.adopt.source import Inventory, Source, identity, take_inventory
from stormcom.adopt.staging import create_stage, stage
from stormcom.adopt.tables import BY_NAME, TABLES
from stormcom.adopt.target import BASELINE, prepare_target
from stormcom.adopt.writing import clear_the_way, compare, delete, write

# Told the table, how many of its steps are done, and how many there are; each row is read and written.
Progress = Callable[[str, int, int], None]
# Half a million rows are sorted and joined; the default would do it on disk.
_MEMORY = "SET LOCAL work_mem = '128MB'; SET LOCAL maintenance_work_mem = '256MB'"


@dataclass(frozen=True)
class Adopted:
    """What a repetition did; `is_source_closed`: the source was read-only before it began."""

    run: StoredRun
    is_source_closed: bool


def adopt(
    database: Database, source: Source, *, clock: Clock, is_final: bool = False, progress: Progress | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Adopted:
    """Bring the target, at revision 0001, to what the source says now; `is_final` leaves the source read-only.

    Errors: those of stormcom.adopt.errors; then the target is as it was, and the source writable as it was, except
    for OutcomeUnknown.
    """
    told = progress or (lambda *_: None)
    with source.connect() as connection:
        seen, was_closed = identity(connection), is_closed(connection)
        take_inventory(connection, source)
    prepare_target(database, seen=seen)
    if not is_final:
        with source.snapshot() as reader:
            return Adopted(_repeat(database, source, reader, clock=clock, told=told, window=None), was_closed)
    with closed(source, patience=patience) as window, source.snapshot() as reader:
        run = _last(database, source, reader, clock=clock, told=told, window=window, patience=patience)
    return Adopted(run, was_closed)


def _last(
    database: Database, source: Source, reader: psycopg.Connection, *, clock: Clock, told: Progress, window: Window,
    patience: float,
) -> StoredRun:
    """The last repetition: nobody writes to the source from before its snapshot until after the target's commit."""
    with source.connect() as connection:
        found = take_inventory(connection, source)
    lock_tables(reader, source, found, patience=patience)
    with source.connect(autocommit=True) as connection:
        end_late_sessions(connection, window)
    try:
        run = _repeat(database, source, reader, clock=clock, told=told, window=window)
    except psycopg.OperationalError as error:
        # The connection may have broken after the commit: then the target is the truth already.
        _check_outcome(database, window, error)
        raise
    window.keeps_closed = True
    run = replace(run, read_only_seconds=round(window.seconds, 3))
    with _raw(database) as target:
        record_window(target, run.id, seconds=window.seconds)
    return run


def _check_outcome(database: Database, window: Window, error: Exception) -> None:
    try:
        with _raw(database) as target:
            last = find_last_run(target)
    except Exception as second:
        window.keeps_closed = True
        raise OutcomeUnknown(reason=str(second).strip()) from error
    if last is not None and last.is_final:
        window.keeps_closed = True


@contextmanager
def _raw(database: Database) -> Iterator[psycopg.Connection]:
    """One transaction as the owner, on the driver's connection, which can COPY."""
    with database.owner_session() as session:
        connection = session.connection().connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        yield connection


def _repeat(
    database: Database, source: Source, reader: psycopg.Connection, *, clock: Clock, told: Progress,
    window: Window | None,
) -> StoredRun:
    began = clock.now()
    found = take_inventory(reader, source)
    with database.owner_session() as session:
        if not try_lock(session, scope="adoption", key="target"):
            raise AdoptionRuns()
        target = session.connection().connection.driver_connection
        assert isinstance(target, psycopg.Connection)
        target.execute(_MEMORY)
        run_id = next_run_id(target)
        counts = _read(reader, target, found, run=run_id, told=told)
        if window is None:
            # The source's snapshot has been read; holding it longer would only keep its dead rows.
            reader.rollback()
        _refuse_another_shop(target, source)
        report = _sort_and_write(target, found, counts, run=run_id, told=told)
        run = StoredRun(run_id, source.name, began, clock.now(), window is not None, None, report)
        record_run(target, run)
    return run


def _read(
    reader: psycopg.Connection, target: psycopg.Connection, found: Inventory, *, run: int, told: Progress
) -> dict[str, int]:
    """Stage every table and give its rows their ids; return the rows per table of the baseline."""
    counts = {}
    for table in TABLES:
        create_stage(target, table)
        there = found.find(table.name)
        counts[table.name] = 0
        if there is None:
            continue
        done = 0

        def tell(more: int, *, name: str = table.name, total: int = 2 * there.row_count) -> None:
            nonlocal done
            done += more
            told(name, done, total)

        counts[table.name] = stage(reader, target, there, told=tell)
        give_ids(target, table.name, run=run)
    target.execute("ANALYZE adoption.adopted_key")
    return counts


def _refuse_another_shop(target: psycopg.Connection, source: Source) -> None:
    """A wrong URL would look like a shop that deleted everything."""
    row = target.execute("""
        SELECT EXISTS (SELECT FROM public.stores) AND NOT EXISTS (
          SELECT FROM stage_stores s JOIN adoption.adopted_key k ON k.table_name = 'stores' AND k.old_key = s.old_key
          JOIN public.stores t ON t.id = k.new_id)""").fetchone()
    if row and row[0]:
        raise AnotherShop(database=source.name)


def _sort_and_write(
    target: psycopg.Connection, found: Inventory, counts: dict[str, int], *, run: int, told: Progress
) -> dict[str, Any]:
    make_choices(target)
    tables = {}
    for there in found.tables:
        tables[there.table.name] = {"source": counts[there.table.name], "set_aside": sort_rows(target, there)}
    findings = find(target, found)
    for there in found.tables:
        difference = compare(target, there.table)
        tables[there.table.name].update(vars(difference))
    for there in reversed(found.tables):
        clear_the_way(target, there.table)
    for there in found.tables:
        write(target, there.table)
        rows = counts[there.table.name]
        told(there.table.name, 2 * rows, 2 * rows)
    for there in reversed(found.tables):
        delete(target, there.table, run=run)
    for there in found.tables:
        target.execute(f"ANALYZE public.{there.table.name}")
    return {"tables": tables, "findings": findings, **_besides(target, found)}


def _besides(target: psycopg.Connection, found: Inventory) -> dict[str, Any]:
    """What the source lacks or has besides the baseline, and why rows were set aside."""
    reasons = target.execute("""
        SELECT table_name, reason, count(*), (array_agg(old_key ORDER BY old_key))[1:5]
        FROM adoption.set_aside GROUP BY 1, 2 ORDER BY 1, 2""").fetchall()
    return {
        "set_aside": [dict(zip(("table", "reason", "count", "examples"), row, strict=True)) for row in reasons],
        "missing_tables": list(found.missing),
        "left_out_tables": found.left_out_tables,
        "left_out_columns": found.left_out_columns,
        "lacking_columns": {there.table.name: list(there.lacking) for there in found.tables if there.lacking},
        "baseline": BASELINE,
        "tables_known": len(BY_NAME),
    }
