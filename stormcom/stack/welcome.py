"""The panel that `up` ends its start with: where to click and what to paste."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.stack.credentials import find_merchant, make_sign_in_url, panel_token
from stormcom.stack.processes import Addresses


def welcome(database: Database, home: Path, addresses: Addresses, *, with_dagster: bool) -> RenderableType:
    """Return the panel, and below it the lines to copy: a frame around them would be copied too."""
    table = Table.grid(padding=(0, 2))
    table.add_row("Dashboard", f"{addresses.api}/dashboard")
    table.add_row("API docs", f"{addresses.api}/docs")
    if with_dagster:
        table.add_row("Dagster", addresses.dagster)
    table.add_row("Logs", str(home / "logs"))
    panel = Panel(table, title="StormCom is up", subtitle="Ctrl-C ends everything", expand=False, border_style="green")
    return Group(panel, *_ways_in(database, home, addresses))


def _ways_in(database: Database, home: Path, addresses: Addresses) -> list[RenderableType]:
    merchant = find_merchant(database)
    if merchant is None:
        return [Text("Nobody can sign in yet: the database has no user with a store. `stormcom demo` makes one.")]
    link = make_sign_in_url(database, email=merchant.email, port=addresses.api_port)
    token = panel_token(database, merchant=merchant, home=home, clock=SystemClock())
    curl = f"curl -H 'Authorization: Bearer {token}' '{addresses.api}/v1/search?q=lamp'"
    return [
        _line(f"Sign in as {merchant.email} (once, within an hour):", link),
        _line(f"Search {merchant.slug}:", curl),
    ]


def _line(label: str, value: str) -> RenderableType:
    # no_wrap keeps a link one line in a narrow terminal, so that it can be clicked.
    return Group(Text(label, style="bold"), Text(value, no_wrap=True, overflow="ignore"))
