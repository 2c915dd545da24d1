"""`stormcom migration …`: move stores from the legacy columns to the new tables, capability by capability."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stormcom.cli.messages import console, show_note, show_step
from stormcom.cli.settings import HomeOption, read_settings

if TYPE_CHECKING:
    from oltp.db.session import Database
    from oltp.rollout.queries import RolloutStore
    from oltp.rollout.states import Capability, Step
    from stormcom.rollout.walk import OneStep

commands = typer.Typer(
    help="Move stores from the legacy columns to the new tables: off → shadow → dual → read_new → done.",
    no_args_is_help=True,
)
StoreOption = Annotated[list[str] | None, typer.Option("--store", help="Slug of a store; repeat for several.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every store, deleted ones too.")]
CapabilityOption = Annotated[
    str, typer.Option(help="images, pricing, inventory, promotions, rbac, events, i18n, or `all`, in that order.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Go on until this step; one step by default.")]


@commands.command("status", epilog="Example: stormcom migration status --store electronics")
def status(store: StoreOption = None, home: HomeOption = None) -> None:
    """Show where every store stands in every capability, and what the last comparison found."""
    from oltp.rollout.queries import is_contracted, list_stores
    from stormcom.rollout.report import render_status
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home)) as database:
        with database.owner_session() as session:
            stores = list_stores(session, slugs=store or ())
            contracted = is_contracted(session)
        console.print(render_status(database, stores))
        if contracted:
            show_note("The contract is in place: there are no legacy columns, every store is done.")


@commands.command("advance", epilog="Example: stormcom migration advance --all --capability pricing --to dual")
def advance(
    capability: CapabilityOption,
    store: StoreOption = None,
    everything: AllOption = False,
    to: ToOption = None,
    soak_days: Annotated[
        int, typer.Option(min=0, help="Days without a divergence before a capability may be done.")
    ] = 14,
    refill: Annotated[
        bool, typer.Option("--refill", help="At shadow: fill the new tables from the legacy columns once more first.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Take a step forward. Refused while legacy and new differ, or an earlier capability is not as far.

    The first step fills the new tables in batches while writers go on; interrupted, it goes on when run again.
    """
    from oltp.kit.clock import SystemClock
    from oltp.rollout.actions import Moved, Progress
    from oltp.rollout.actions import advance as take_step

    def one(database: "Database", place: "RolloutStore", name: "Capability", bar: "Progress") -> Moved:
        soak = timedelta(days=soak_days)
        return take_step(
            database, store_id=place.id, capability=name, clock=SystemClock(), soak=soak, progress=bar, refill=refill)

    _walk(one, capability=capability, slugs=store, everything=everything, to=to, forward=True, home=home)


@commands.command("rollback", epilog="Example: stormcom migration rollback --store electronics --capability pricing")
def rollback(
    capability: CapabilityOption,
    store: StoreOption = None,
    everything: AllOption = False,
    to: ToOption = None,
    accept_divergence: Annotated[
        bool, typer.Option("--accept-divergence", help="Leave `dual` although legacy lacks something.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Take a step back, from any step. No row is deleted: both sides were written, and what is only new stays."""
    from oltp.kit.clock import SystemClock
    from oltp.rollout.actions import Moved, Progress
    from oltp.rollout.actions import rollback as take_step_back

    def one(database: "Database", place: "RolloutStore", name: "Capability", _: "Progress") -> Moved:
        return take_step_back(
            database, store_id=place.id, capability=name, clock=SystemClock(), accept_divergence=accept_divergence)

    _walk(one, capability=capability, slugs=store, everything=everything, to=to, forward=False, home=home)


def _walk(
    one: "OneStep", *, capability: str, slugs: list[str] | None, everything: bool, to: str | None,
    forward: bool, home: Path | None,
) -> None:
    from oltp.rollout.queries import list_stores
    from oltp.rollout.rules import choose_capabilities, choose_step
    from stormcom.rollout.report import describe_move
    from stormcom.rollout.walk import stores_or_refuse, walk
    from stormcom.stack.server import open_database

    if everything == bool(slugs):
        raise typer.BadParameter("Name stores with --store, or all of them with --all.")
    target: Step | None = choose_step(to) if to else None
    names = choose_capabilities(capability, forward=forward)
    with open_database(read_settings(home=home)) as database:
        with database.owner_session() as session:
            stores = stores_or_refuse(list_stores(session, slugs=slugs or ()), slugs or ())
        with _bar() as bar:
            for move in walk(database, one, stores=stores, capabilities=names, target=target, forward=forward, bar=bar):
                show_step(describe_move(*move))


@contextmanager
def _bar() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """A progress bar per backfill; gives a function that names one and returns what moves it."""
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:

        def start(title: str) -> Callable[[int, int], None]:
            task = progress.add_task(title, total=None)

            def move(done: int, total: int) -> None:
                progress.update(task, completed=done, total=max(total, done), visible=done < total)

            return move

        yield start


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="migration", epilog="Example: stormcom migration status")
