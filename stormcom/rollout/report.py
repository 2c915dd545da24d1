"""The rollout in words and in one table."""

from decimal import Decimal
from typing import Any

from rich.table import Table

from oltp.db.session import Database
from oltp.rollout.actions import Moved
from oltp.rollout.queries import RolloutStore, Standing, get_standing
from oltp.rollout.states import CAPABILITIES, STEPS

_COLOURS = dict(zip(STEPS, ("dim", "yellow", "cyan", "green", "bold green"), strict=True))
# Facts of the machinery, not of the data.
_QUIET = frozenset({"is_filled", "began_at", "clean_since", "examples"})


def render_status(database: Database, stores: list[RolloutStore]) -> Table:
    """A row per store, a column per capability: its step, and the divergences of the last comparison."""
    table = Table("store", *CAPABILITIES, title="Where stores stand")
    for store in stores:
        with database.owner_session() as session:
            standing = get_standing(session, store_id=store.id)
        table.add_row(store.slug, *(_cell(standing[name]) for name in CAPABILITIES))
    return table


def _cell(state: Standing) -> str:
    text = f"[{_COLOURS[state.step]}]{state.step}[/]"
    if state.divergence_count:
        text += f" [red]≠{state.divergence_count}[/]"
    return text


def describe_move(store: RolloutStore, moved: Moved) -> str:
    """One line: what moved, and what its backfill had to decide."""
    line = f"{store.slug}: {moved.capability} {moved.before} → {moved.after}"
    if moved.divergence.count:
        line += f", {moved.divergence.count} divergences, e.g. {moved.divergence.examples[0]}"
    facts = _facts(moved.report) if moved.before == "off" else ""
    return f"{line} ({facts})" if facts else line


def _facts(report: dict[str, Any]) -> str:
    shown = ((key, value) for key, value in report.items() if key not in _QUIET and not isinstance(value, list | dict))
    return ", ".join(_fact(key, value) for key, value in shown if value)


def _fact(key: str, value: object) -> str:
    if key == "rounded_billionths":
        # Roundings are added up in billionths of the currency, which are whole.
        return f"by {Decimal(str(value)).scaleb(-9).normalize():f} in all"
    return f"{key.replace('_', ' ')} {value}"
