"""What an adoption did, in tables and lines for a person. The whole of it is in the schema `adoption` of the target."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from stormcom.adopt.findings import MEANINGS
from stormcom.adopt.ledger import StoredRun

_COUNTS = ("source", "inserted", "updated", "unchanged", "set_aside", "deleted")
_SHOWN = 90


def render_run(run: StoredRun) -> RenderableType:
    """The repetition's counts, its findings, and what was left out."""
    kind = "final" if run.is_final else "may be repeated"
    head = f"Adopted {run.source} at {run.began_at:%Y-%m-%d %H:%M:%S} UTC ({kind})"
    parts: list[RenderableType] = [_counts(run.report, head), *_found(run.report)]
    if run.read_only_seconds is not None:
        parts.append(f"The source was read-only for {run.read_only_seconds:.1f} s until the target took over.")
    return Group(*parts)


def _counts(report: dict[str, Any], title: str) -> Table:
    table = Table("table", title=title)
    for name in _COUNTS:
        table.add_column(name.replace("_", " "), justify="right")
    for name, counts in report["tables"].items():
        cells = (f"{counts[count]:,}" if counts[count] else "·" for count in _COUNTS)
        table.add_row(name, *cells, style="yellow" if counts["set_aside"] else "")
    for name in report["missing_tables"]:
        table.add_row(name, "missing", style="dim")
    return table


def _found(report: dict[str, Any]) -> Iterator[RenderableType]:
    table = Table("found", "in", show_lines=False, title="What had to be decided, and what looks odd")
    table.add_column("rows", justify="right")
    table.add_column("meaning, and an example")
    for each in report["set_aside"]:
        example = f"not adopted, kept in adoption.set_aside, e.g. {each['examples'][0]}"
        table.add_row(f"[yellow]{escape(each['reason'])}[/]", each["table"], f"{each['count']:,}", escape(example))
    if report["findings"] is None:
        yield "This repetition ended before it looked for what is odd. Repeat it to see that."
    for each in report["findings"] or ():
        shown = f"{MEANINGS.get(each['kind'], '')}: {_example(each['examples'][0])}"
        table.add_row(escape(each["kind"]), each["table"], f"{each['count']:,}", escape(shown))
    if table.row_count:
        yield table
    for words, counts in (("Tables", report["left_out_tables"]), ("Columns", report["left_out_columns"])):
        if counts:
            listed = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
            yield f"{words} left out, for the baseline has none of them, with their rows: {escape(listed)}"
    for name, columns in report["lacking_columns"].items():
        yield f"The source's {name} has no {escape(', '.join(columns))}: empty, or the baseline's default."


def _example(found: dict[str, Any]) -> str:
    facts = {"key": found["key"], **found}
    text = ", ".join(f"{name} {value}" for name, value in facts.items())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
