"""`stormcom materialize`: let the river flow once, from Postgres through the lake and back."""

from typing import Annotated

import typer

from stormcom.cli.settings import HomeOption, read_settings


def materialize(
    select: Annotated[
        str | None,
        typer.Option(help="Which assets: layer/name, layer/* or group:name, separated by commas; + adds neighbours."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Compute metrics, cohorts, attribution and recommendations from what is new, and publish them."""
    from stormcom.stack.materializing import run_steps
    from stormcom.stack.server import open_database

    settings = read_settings(home=home)
    with open_database(settings, migrated=True) as database:
        run_steps(settings, database.url, select=select)


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("materialize", epilog='Example: stormcom materialize --select "marts/cohort_metrics+"')(materialize)
