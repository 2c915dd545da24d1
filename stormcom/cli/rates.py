"""`stormcom rates …`: what currencies are worth."""

from pathlib import Path
from typing import Annotated

import typer

from stormcom.cli.messages import show_step
from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Bring in what currencies are worth.", no_args_is_help=True)


@commands.command("import", epilog="Example: stormcom rates import eurofxref-daily.xml")
def bring_in(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The ECB's eurofxref-daily.xml, or its longer files.")
    ],
    home: HomeOption = None,
) -> None:
    """Add the ECB's reference rates in a file. A day that is known stays as it is: prices were made from it."""
    from oltp.pricing.ecb import fetch_rates, read_rates, store_rates
    from stormcom.stack.server import open_database

    rates = read_rates(fetch_rates(file.resolve().as_uri()))
    with open_database(read_settings(home=home)) as database, database.worker_session() as session:
        added = store_rates(session, rates=rates)
    days = {rate.rated_on for rate in rates}
    show_step(f"{added} of {len(rates)} rates are new; the file's last day is {max(days)}")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="rates", epilog="Example: stormcom rates import eurofxref-daily.xml")
