"""`stormcom import …`: bring in files of other systems."""

from pathlib import Path
from typing import Annotated

import typer

from stormcom.cli.messages import console, show_note
from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Bring in the files of other systems.", no_args_is_help=True)


@commands.command(
    "online-retail", epilog="Example: stormcom import online-retail online_retail.parquet --store giftware"
)
def online_retail(
    file: Annotated[Path, typer.Argument(help="Parquet or CSV file with the Online Retail columns.", exists=True,
                                         dir_okay=False, readable=True)],
    store: Annotated[str, typer.Option(help="Slug of the store; made in GBP, Europe/London, if it is new.")],
    home: HomeOption = None,
) -> None:
    """Import a year of an online shop: every row ends in exactly one bucket, and the counts are shown.

    The whole file is checked before the first row is written. Started again, an interrupted import goes on where it
    stopped, and a complete one changes nothing.
    """
    from rich.progress import Progress

    from oltp.kit.clock import SystemClock
    from stormcom.importers.online_retail.report import render_report
    from stormcom.importers.online_retail.run import run_import
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home), migrated=True) as database, Progress(console=console) as progress:
        report = run_import(database, file=file, store_slug=store, clock=SystemClock(), progress=progress)
    console.print(render_report(report))
    show_note("Metrics and recommendations follow with `stormcom materialize`, or at Dagster's next tick.")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="import", epilog="Example: stormcom import online-retail FILE --store giftware")
