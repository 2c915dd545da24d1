"""`stormcom partitions …`: the months of events and audit entries, and which of them only the lake needs to hold."""

from datetime import datetime
from typing import Annotated

import typer

from stormcom.cli.messages import console, show_note, show_step
from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Look at the monthly partitions; archive those that the lake holds.", no_args_is_help=True)


@commands.command("status", epilog="Example: stormcom partitions status")
def status(home: HomeOption = None) -> None:
    """List the months that Postgres holds, per table."""
    from oltp.db.partitions import PARTITIONED, list_partitions
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home)) as database, database.owner_session() as session:
        for table in PARTITIONED:
            for each in list_partitions(session, table=table):
                console.print(f"{table}  {each.from_at:%Y-%m-%d} to {each.to_at:%Y-%m-%d}  {each.name}")


@commands.command("detach", epilog="Example: stormcom partitions detach --before 2025-11 --yes")
def detach(
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="Months before this one; by default all older than twelve months."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would be done.")] = False,
    home: HomeOption = None,
) -> None:
    """Move old months to the schema `archive`, each only if the lake holds the very same rows. Nothing is dropped."""
    from oltp.kit.clock import SystemClock
    from stormcom.stack.server import open_database
    from warehouse.archiving import archivable, archive, list_months
    from warehouse.connection import Lake

    settings, today = read_settings(home=home), SystemClock().now().date()
    with (
        open_database(settings) as database,
        Lake.open(database.url, data_path=settings.lake_path, threads=settings.lake_threads) as lake,
    ):
        months = archivable(list_months(lake), today=today, before=before.date() if before else None)
        if not months:
            show_note("No month is old enough: the last twelve always stay.")
        elif not yes:
            show_note(f"Would archive {', '.join(month.name for month in months)}. Do it with --yes.")
        else:
            for month, digest in archive(lake, months, today=today):
                show_step(f"{month.name}: {digest.row_count} rows, the same in the lake; now archive.{month.name}")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="partitions", epilog="Example: stormcom partitions status")
