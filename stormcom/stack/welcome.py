"""What `up` says when it is ready: where to click and what to paste."""

from pathlib import Path
from urllib.parse import urlencode

from rich.panel import Panel
from rich.table import Table
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.cli.messages import console
from stormcom.stack.credentials import Merchant, find_merchant, make_sign_in_url, panel_token
from stormcom.stack.processes import Addresses


def show_welcome(database: Database, home: Path, addresses: Addresses, *, with_dagster: bool) -> None:
    """Print the panel, and below it the lines to copy: a frame around them would be copied too."""
    table = Table.grid(padding=(0, 2))
    table.add_row("Dashboard", f"{addresses.api}/dashboard")
    table.add_row("API docs", f"{addresses.api}/docs")
    if with_dagster:
        table.add_row("Dagster", addresses.dagster)
    table.add_row("Logs", str(home / "logs"))
    for label, value in _ways_in(database, home, addresses):
        console.print(label, style="bold")
        # Never wrapped or cut: a link must stay one line in a narrow terminal.
        console.out(value)
    console.print(
        Panel(table, title="StormCom is up", subtitle="Ctrl-C ends everything", expand=False, border_style="green")
    )


def _ways_in(database: Database, home: Path, addresses: Addresses) -> list[tuple[str, str]]:
    merchant = find_merchant(database)
    if merchant is None:
        return [("Nobody can sign in yet", "The database has no user with a store; `stormcom demo` makes one.")]
    link = make_sign_in_url(database, email=merchant.email, port=addresses.api_port)
    token = panel_token(database, merchant=merchant, home=home, clock=SystemClock())
    query = urlencode({"q": _words_to_search(database, merchant)})
    curl = f"curl -H 'Authorization: Bearer {token}' '{addresses.api}/v1/search?{query}'"
    return [(f"Sign in as {merchant.email} (once, within an hour)", link), (f"Search {merchant.slug}", curl)]


def _words_to_search(database: Database, merchant: Merchant) -> str:
    """Return two words that this store has an answer for: the end of a product's name says what it is."""
    with database.session_for(merchant.store_id) as session:
        name = session.scalar(text("SELECT name FROM products WHERE status = 'ACTIVE' ORDER BY id LIMIT 1"))
    return " ".join(str(name or "gift").split()[-2:]).replace("'", "")
