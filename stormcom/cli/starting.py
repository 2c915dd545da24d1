"""`stormcom up`: everything on one machine, with one command."""

from typing import Annotated

import typer

from stormcom.cli.settings import HomeOption, read_settings


def up(
    home: HomeOption = None,
    api_port: Annotated[
        int | None, typer.Option(help="Port of the API and the dashboard; STORMCOM_API_PORT, default 8000.")
    ] = None,
    dagster_port: Annotated[
        int | None, typer.Option(help="Port of Dagster's pages; STORMCOM_DAGSTER_PORT, default 3000.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address the API listens on; 0.0.0.0 lets other machines in.", envvar="STORMCOM_HOST")
    ] = "127.0.0.1",
    with_dagster: Annotated[bool, typer.Option("--dagster/--no-dagster", help="Start Dagster's pages.")] = True,
    with_demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Make demo shops when the database has no store.")
    ] = True,
    demo_scale: Annotated[
        float, typer.Option(help="Size of the demo shops; 1 is 12,000 orders.", envvar="STORMCOM_DEMO_SCALE", min=0.001)
    ] = 1.0,
) -> None:
    """Start everything: Postgres, schema, data, API and dashboard, Dagster and the worker. Ctrl-C ends all of it.

    State lives in the home folder, so the next `up` goes on with the same data.
    """
    from stormcom.stack.up import UpOptions, bring_up

    settings = read_settings(home=home, api_port=api_port, dagster_port=dagster_port)
    bring_up(
        settings, UpOptions(host=host, with_dagster=with_dagster, with_demo=with_demo, demo_scale=demo_scale)
    )


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("up", epilog="Example: stormcom up --api-port 8001 --no-dagster")(up)
