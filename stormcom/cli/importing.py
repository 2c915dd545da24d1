"""`stormcom import …`: bring in files of other systems."""

from pathlib import Path
from typing import Annotated, Any

import typer

from stormcom.cli.messages import console, show_note
from stormcom.cli.settings import HomeOption, read_settings

READABLE: dict[str, Any] = {"exists": True, "dir_okay": False, "readable": True}
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


@commands.command(
    "shopify", epilog="Example: stormcom import shopify --products products_export.csv --orders orders_export.csv "
                      "--customers customers_export.csv --store my-shop"
)
def shopify(
    store: Annotated[str, typer.Option(help="Slug of the store; made if it is new.")],
    products: Annotated[Path | None, typer.Option(help="Shopify's export of products.", **READABLE)] = None,
    orders: Annotated[Path | None, typer.Option(help="Shopify's export of orders.", **READABLE)] = None,
    customers: Annotated[Path | None, typer.Option(help="Shopify's export of customers.", **READABLE)] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of a new store, if no orders tell it.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of a new store's days; UTC without it.")] = None,
    country: Annotated[str, typer.Option(help="Country of a new store, ISO 3166-1 alpha-2.")] = "US",
    home: HomeOption = None,
) -> None:
    """Import a Shopify shop from the CSV files that its admin exports; any of the three, together or one by one.

    Every row ends in exactly one bucket, and the counts are shown. All files are checked before the first row is
    written, and everything is written at once. Products, customers and orders that are there already stay as they
    are, so a newer export can be imported again.
    """
    from rich.progress import Progress

    from oltp.kit.clock import SystemClock
    from stormcom.importers.shopify.report import render_report
    from stormcom.importers.shopify.run import Files, Wanted, run_import
    from stormcom.stack.server import open_database

    files = Files(products, customers, orders)
    if not files.by_kind():
        raise typer.BadParameter("Name at least one file: --products, --orders or --customers.")
    with open_database(read_settings(home=home), migrated=True) as database, Progress(console=console) as progress:
        wanted = Wanted(currency, timezone, country)
        report = run_import(
            database, files=files, store_slug=store, wanted=wanted, clock=SystemClock(), progress=progress)
    console.print(render_report(report))
    show_note("Metrics and recommendations follow with `stormcom materialize`, or at Dagster's next tick.")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="import", epilog="Example: stormcom import online-retail FILE --store giftware")
