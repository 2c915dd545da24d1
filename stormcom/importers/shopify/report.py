"""The report of an import, for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stormcom.importers.shopify.run import Report


def render_report(report: Report) -> RenderableType:
    """Return where every row went, what had to be decided, and what was added."""
    return Group(_heading(report), *(_buckets(kind, facts) for kind, facts in report.files.items()),
                 *_notes(report), *([] if report.is_repeat else [_added(report)]))


def _heading(report: Report) -> Text:
    if report.is_repeat:
        return Text(f"These files were imported into {report.store_slug} before: nothing was changed.", style="yellow")
    return Text(f"Imported into {report.store_slug}.", style="green")


def _buckets(kind: str, facts: object) -> Table:
    assert isinstance(facts, dict)
    table = Table(title=f"Rows of the {kind} file {facts['file']}", caption="Each row is in exactly one bucket.")
    table.add_column("Bucket")
    table.add_column("Rows", justify="right")
    for bucket, count in facts["rows"].items():
        table.add_row(bucket, f"{count:,}")
    table.add_section()
    table.add_row("all", f"{sum(facts['rows'].values()):,}")
    return table


def _notes(report: Report) -> list[Text]:
    notes = [f"{count:,} × {note}" for facts in report.files.values() for note, count in facts["notes"].items()]
    for facts in report.files.values():
        if facts["ignored"]:
            notes.append(f"{facts['file']}: nothing is made of the columns {', '.join(facts['ignored'])}")
    return [Text(f"• {note}") for note in notes]


def _added(report: Report) -> Table:
    table = Table(title="Added")
    table.add_column("")
    table.add_column("Rows", justify="right")
    for name, count in report.added.items():
        if count:
            table.add_row(name.replace("_", " "), f"{count:,}")
    return table
