"""One import from beginning to end: read, check and match the whole file, stage it, publish it at once."""

from pathlib import Path
from uuid import UUID

from rich.progress import Progress
from sqlalchemy.exc import IntegrityError

from oltp.db.planning import count_rows_anew
from oltp.db.session import Database
from oltp.imports.actions import begin_run, complete_run
from oltp.imports.queries import COMPLETE, StoredRun, find_run
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from stormcom.importers.errors import StoredRowsContradict
from stormcom.importers.online_retail.keys import SOURCE
from stormcom.importers.online_retail.preparation import prepare
from stormcom.importers.online_retail.publishing import Publication, in_published_columns
from stormcom.importers.online_retail.reading import SourceFile, read_file
from stormcom.importers.online_retail.report import ImportReport, read_report
from stormcom.importers.online_retail.staging import BATCH_ROWS, Batch, batches, stage
from stormcom.importers.running import Steps, alone
from stormcom.importers.store import StoreSetting, create_store, find_store

# The shop that the file is of.
SETTING = StoreSetting("GBP", "Europe/London", "GB")


def run_import(
    database: Database,
    *,
    file: Path,
    store_slug: str,
    clock: Clock,
    progress: Progress | None = None,
    batch_rows: int = BATCH_ROWS,
) -> ImportReport:
    """Import the file into the store, which is made if the slug is new.

    Raises BrokenFile, SlugNotValid, SlugTaken, StoreDiffers, ImportRunning, InvoicesDiffer or
    StoredRowsContradict; then the store's orders are as they were. A file that is already there changes nothing;
    an interrupted import goes on where it stopped.
    """
    steps = Steps(progress)
    with steps.step("Reading", total=1) as task:
        source = read_file(file)
        steps.advance(task)
    with alone(database, source=SOURCE, slug=store_slug):
        return _import(database, source, store_slug, clock, steps, batch_rows)


def _import(
    database: Database, source: SourceFile, slug: str, clock: Clock, steps: Steps, batch_rows: int
) -> ImportReport:
    found = find_store(database, slug=slug, setting=SETTING)
    store_id = found or new_id()
    earlier = _earlier_run(database, found, source)
    if earlier is not None and earlier.status == COMPLETE:
        return read_report(earlier.report, store_id=store_id, run_id=earlier.id)
    with steps.step("Matching", total=1) as task:
        prepared = prepare(source, store_id=store_id, zone=SETTING.zone)
        planned = list(batches(in_published_columns(prepared.frames), size=batch_rows))
        steps.advance(task)
    if found is None:
        create_store(database, store_id=store_id, slug=slug, setting=SETTING)
    with database.session_for(store_id) as session:
        run_id = begin_run(
            session,
            store_id=store_id,
            source=SOURCE,
            file_name=source.name,
            file_hash=source.content_hash,
            now=clock.now(),
        )
    with steps.step("Staging", total=len(planned)) as task:
        stage(database, store_id=store_id, run_id=run_id, planned=planned, told=lambda: steps.advance(task))
    report = ImportReport(source.name, source.content_hash, slug, store_id, run_id, prepared.figures)
    return _publish(database, report, planned, clock, steps)


def _publish(
    database: Database, report: ImportReport, planned: list[Batch], clock: Clock, steps: Steps
) -> ImportReport:
    total = sum(batch.rows.height for batch in planned)
    try:
        with steps.step("Publishing", total=total) as task, database.session_for(report.store_id) as session:
            publication = Publication(
                session, store_id=report.store_id, run_id=report.run_id, currency=SETTING.currency)
            publication.write(planned, told=lambda count: steps.advance(task, count))
            done = report.with_added(publication.added)
            complete_run(session, run_id=report.run_id, report=done.as_json(), now=clock.now())
    except IntegrityError as error:
        raise StoredRowsContradict(reason=str(error.orig).splitlines()[0]) from error
    count_rows_anew(database)
    return done


def _earlier_run(database: Database, store_id: UUID | None, source: SourceFile) -> StoredRun | None:
    if store_id is None:
        return None
    with database.session_for(store_id) as session:
        return find_run(session, source=SOURCE, file_hash=source.content_hash)
