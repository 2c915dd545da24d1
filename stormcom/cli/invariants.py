"""`stormcom invariants`: does everything hold that must always hold?"""

from typing import Annotated

import typer
from rich.progress import track
from rich.table import Table

from stormcom.cli.messages import console, show_error, show_step
from stormcom.cli.settings import HomeOption, read_settings


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""

    @app.command("invariants", epilog="Example: stormcom invariants --store electronics")
    def invariants(
        store: Annotated[str | None, typer.Option(help="Slug of a store; all stores without it.")] = None,
        name: Annotated[list[str] | None, typer.Option(help="Only this one; repeat for more.")] = None,
        listing: Annotated[bool, typer.Option("--list", help="Only name them.")] = False,
        home: HomeOption = None,
    ) -> None:
        """Check what must always hold: stock, money, usage, refunds, fulfilment, orders; ends with 1 if not.

        Stock is the sum of its ledger, an order the sum of its lines, a balance the sum of its entries. It only reads.
        """
        from oltp.invariants import names

        wanted = name or list(names())
        if listing:
            for each in wanted:
                console.print(each)
            return
        raise typer.Exit(_report(wanted, store, home))


def _report(wanted: list[str], store: str | None, home: HomeOption) -> int:
    from oltp.invariants import check_invariant
    from stormcom.stack.credentials import store_by_slug
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home)) as database:
        store_id = store_by_slug(database, slug=store) if store else None
        findings = []
        for each in track(wanted, "Checking", console=console, transient=True):
            with database.worker_session() as session:
                findings.append(check_invariant(session, name=each, store_id=store_id))
    broken = [finding for finding in findings if not finding.holds]
    for finding in broken:
        table = Table(title=f"{finding.room}.{finding.name}: {finding.offender_count} break it", title_justify="left")
        for column in finding.offenders[0]:
            table.add_column(column)
        for row in finding.offenders:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)
    if broken:
        show_error(f"{len(broken)} of {len(findings)} invariants are broken.")
        return 1
    show_step(f"All {len(findings)} invariants hold.")
    return 0
