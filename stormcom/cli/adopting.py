"""`stormcom adopt …`: take over a living legacy shop, repeatedly, and for the last time with --final."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from stormcom.cli.messages import console, show_note, show_step
from stormcom.cli.settings import HomeOption, read_settings

REPORT = "report"


def adopt(
    source: Annotated[
        str,
        typer.Argument(
            metavar="URL|report", envvar="STORMCOM_ADOPT_URL",
            help="The legacy database, postgresql://user:password@host:5432/shop[?schema=public]; or the word `report`,"
                 " which shows what the last repetition did.",
        ),
    ],
    final: Annotated[
        bool,
        typer.Option("--final", help="The last repetition: the source becomes read-only and stays so, then the target "
                                     "is migrated to the newest schema."),
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="With --final: leave the target at the baseline; migrate it later yourself.")
    ] = False,
    patience: Annotated[
        int, typer.Option(min=0, help="With --final: seconds that open transactions of the source get to end.")
    ] = 10,
    home: HomeOption = None,
) -> None:
    """Copy a living legacy shop into an empty database, keys and all; again and again, until --final.

    Repeat it while the legacy shop goes on selling: only what changed is written, and what vanished is deleted. Correct
    in the source what the report names. At the end stop the shop's programs, run it with --final, and let them write to
    the new database: they find the columns they know. `stormcom migration` then moves stores off the legacy columns.
    """
    if stay and not final:
        raise typer.BadParameter("--stay is an option of --final.")
    if source == REPORT:
        _show_report(home)
        return
    from oltp.db.session import Database
    from oltp.kit.clock import SystemClock
    from stormcom.adopt.report import render_run
    from stormcom.adopt.run import adopt as run_adoption
    from stormcom.adopt.source import Source
    from stormcom.schema import current, upgrade
    from stormcom.stack.server import server_url

    legacy = Source(source)
    with server_url(read_settings(home=home)) as url:
        database = Database(url)
        try:
            with _bars() as told:
                done = run_adoption(
                    database, legacy, clock=SystemClock(), is_final=final, progress=told, patience=float(patience))
        finally:
            database.dispose()
        console.print(render_run(done.run))
        if final:
            show_step(f"{legacy.name} stays read-only. Let the shop's programs write to this database now.")
        elif done.is_source_closed:
            show_note(f"{legacy.name} is read-only, as an interrupted --final would leave it. To open it again: "
                      "ALTER DATABASE … RESET default_transaction_read_only.")
        if final and not stay:
            upgrade(url)
        show_step(f"The schema stands at {current(url)}.")


def _show_report(home: HomeOption) -> None:
    import psycopg

    from stormcom.adopt.errors import NothingAdopted
    from stormcom.adopt.ledger import find_last_run
    from stormcom.adopt.report import render_run
    from stormcom.stack.server import server_url

    with server_url(read_settings(home=home)) as url, psycopg.connect(url) as connection:
        run = find_last_run(connection)
    if run is None:
        raise NothingAdopted()
    console.print(render_run(run))


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per table, shown from its first row on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def told(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = progress.add_task(table, total=total)
            progress.update(tasks[table], completed=done, total=max(total, done))

        yield told


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("adopt", epilog="Example: stormcom adopt postgresql://shop@localhost/legacy --final")(adopt)
