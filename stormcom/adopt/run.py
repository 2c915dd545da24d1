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
from stormcom.adopt.ledger import StoredRun, find_last_run, next_run_id, record_findings, record_run, record_window
from stormcom.adopt.sorting import sort_rows
from stormcom.adopt.source import Inventory, Source, identity, take_inventory
from stormcom.adopt.staging import create_stage, stage
from stormcom.adopt.tables import TABLES
from stormcom.adopt.target import prepare_target
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
    with source.connect() as connection:
        seen, was_closed = identity(connection), is_closed(connection)
        take_inventory(connection, source)
    prepare_target(database, seen=seen)
    # A pool of one: the second transaction finds the temporary tables of the first.
    own = Database(database.url, pool_size=1)
    try:
        job = _Job(own, source, clock, progress or (lambda *_: None))
        run = job.last(patience) if is_final else job.repeat()
        # What is odd is looked up afterwards: the shop waits for the rows, not for the report.
        return Adopted(job.look_up(run), was_closed)
    finally:
        own.dispose()


@dataclass
class _Job:
    """One repetition; `found` is set by its copy."""

    database: Database
    source: Source
    clock: Clock
    told: Progress
    found: Inventory | None = None

    @contextmanager
    def target(self) -> Iterator[psycopg.Connection]:
        """One transaction in the target, on the driver's connection, which can COPY. Errors: AdoptionRuns."""
        with self.database.owner_session() as session:
            if not try_lock(session, scope="adoption", key="target"):
                raise AdoptionRuns()
            driver = session.connection().connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.execute(_MEMORY)
            yield driver

    def repeat(self) -> StoredRun:
        """Copy one snapshot of the source."""
        with self.source.snapshot() as reader:
            return self._copy(reader, window=None)

    def last(self, patience: float) -> StoredRun:
        """The last copy: nobody writes to the source from before its snapshot until after the target's commit."""
        with closed(self.source, patience=patience) as window, self.source.snapshot() as reader:
            with self.source.connect() as connection:
                there = take_inventory(connection, self.source)
            lock_tables(reader, self.source, there, patience=patience)
            with self.source.connect(autocommit=True) as connection:
                end_late_sessions(connection, window)
            try:
                run = self._copy(reader, window=window)
            except psycopg.OperationalError as error:
                # The connection may have broken after the commit: then the target is the truth already.
                _check_outcome(self.database, window, error)
                raise
            window.keeps_closed = True
            run = replace(run, read_only_seconds=round(window.seconds, 3))
        with self.target() as target:
            record_window(target, run.id, seconds=run.read_only_seconds or 0)
        return run

    def look_up(self, run: StoredRun) -> StoredRun:
        """Find what is odd in the rows just copied, and add it to the run's report."""
        assert self.found is not None
        with self.target() as target:
            findings = find(target, self.found)
            record_findings(target, run.id, findings=findings)
        return replace(run, report={**run.report, "findings": findings})

    def _copy(self, reader: psycopg.Connection, *, window: Window | None) -> StoredRun:
        began = self.clock.now()
        self.found = take_inventory(reader, self.source)
        with self.target() as target:
            run_id = next_run_id(target)
            counts = _read(reader, target, self.found, run=run_id, told=self.told)
            if window is None:
                # The snapshot has been read; holding it longer would only keep the source's dead rows.
                reader.rollback()
            _refuse_another_shop(target, self.source)
            report = _sort_and_write(target, self.found, counts, run=run_id, told=self.told)
            is_final = window is not None
            run = StoredRun(run_id, self.source.name, began, self.clock.now(), is_final, None, report)
            record_run(target, run)
        return run


def _check_outcome(database: Database, window: Window, error: Exception) -> None:
    try:
        with psycopg.connect(database.url) as target:
            last = find_last_run(target)
    except Exception as second:
        window.keeps_closed = True
        raise OutcomeUnknown(reason=str(second).strip()) from error
    if last is not None and last.is_final:
        window.keeps_closed = True


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
    changed = []
    for there in found.tables:
        difference = compare(target, there.table)
        tables[there.table.name].update(vars(difference))
        if difference.inserted or difference.updated or difference.deleted:
            changed.append(there.table)
    for table in reversed(changed):
        clear_the_way(target, table)
    for table in changed:
        write(target, table)
    for there in found.tables:
        told(there.table.name, 2 * counts[there.table.name], 2 * counts[there.table.name])
    for table in reversed(changed):
        delete(target, table, run=run)
    for table in changed:
        target.execute(f"ANALYZE public.{table.name}")
    return {"tables": tables, "findings": None, **_besides(target, found)}


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
    }
