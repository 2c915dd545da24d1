"""`stormcom demo`: three shops to look at."""

from typing import Annotated

import typer

from stormcom.cli.messages import console, show_step
from stormcom.cli.settings import HomeOption, read_settings


def demo(
    home: HomeOption = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same shops.")] = 7,
    scale: Annotated[
        float, typer.Option(help="Size of the shops; 1 is 12,000 orders.", envvar="STORMCOM_DEMO_SCALE", min=0.001)
    ] = 1.0,
) -> None:
    """Make three demo shops with products, customers, orders, refunds and half a year of events."""
    from rich.progress import Progress

    from oltp.kit.clock import SystemClock
    from stormcom.demo.run import load_demo
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home), migrated=True) as database, Progress(console=console) as progress:
        report = load_demo(database, clock=SystemClock(), seed=seed, scale=scale, progress=progress)
    for sentence in report.sentences():
        show_step(sentence)


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("demo", epilog="Example: stormcom demo --scale 0.1")(demo)
