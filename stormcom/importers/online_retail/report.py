"""What an import did: kept with the run as JSON, shown to a person as tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from oltp.kit.money import from_minor
from stormcom.importers.online_retail.figures import BucketFigure, FileFigures, PartFigure

CURRENCY = "GBP"


@dataclass(frozen=True)
class ImportReport:
    """`added`: rows written per table; all zero where another file had brought them before.

    `is_repeat`: the same file had been imported completely before, so nothing was changed.
    """

    file_name: str
    file_hash: str
    store_slug: str
    store_id: UUID
    run_id: UUID
    figures: FileFigures
    added: Mapping[str, int] = field(default_factory=dict)
    is_repeat: bool = False

    def with_added(self, added: Mapping[str, int]) -> "ImportReport":
        """The same report with the rows that were written."""
        return replace(self, added=dict(added))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values: money in pence, roundings as exact decimal text."""
        facts = asdict(self.figures)
        for bucket in facts["buckets"]:
            bucket["rounding"] = str(bucket["rounding"])
        names = {"file_name": self.file_name, "file_hash": self.file_hash, "store_slug": self.store_slug}
        totals = {"amount": self.figures.amount, "rounding": str(self.figures.rounding)}
        return {**names, "currency": CURRENCY, "figures": facts, "totals": totals, "added": dict(self.added)}


def read_report(stored: Mapping[str, Any], *, store_id: UUID, run_id: UUID) -> ImportReport:
    """The report of an earlier, complete run."""
    facts = stored["figures"]
    figures = FileFigures(
        row_count=facts["row_count"],
        buckets=tuple(
            BucketFigure(**{**bucket, "rounding": Decimal(bucket["rounding"])}) for bucket in facts["buckets"]
        ),
        parts=tuple(PartFigure(**part) for part in facts["parts"]),
        counts=facts["counts"],
        rounded_row_count=facts["rounded_row_count"],
    )
    report = ImportReport(
        stored["file_name"],
        stored["file_hash"],
        stored["store_slug"],
        store_id,
        run_id,
        figures,
        stored["added"],
    )
    return replace(report, is_repeat=True)


def render_report(report: ImportReport) -> RenderableType:
    """The report for a terminal."""
    parts: list[RenderableType] = [_heading(report), _bucket_table(report.figures)]
    if report.figures.parts:
        parts.append(_part_table(report.figures))
    return Group(*parts, _count_table(report))


def _heading(report: ImportReport) -> Text:
    if report.is_repeat:
        told = f"{report.file_name} was imported into {report.store_slug} before: nothing was changed."
        return Text(told, style="yellow")
    return Text(f"{report.file_name} is imported into {report.store_slug}.", style="green")


def _bucket_table(figures: FileFigures) -> Table:
    table = Table(title="Rows of the file", caption="Each row is in exactly one bucket.")
    table.add_column("Bucket")
    for heading in ("Rows", f"{CURRENCY}", "Rounded off"):
        table.add_column(heading, justify="right")
    for bucket in figures.buckets:
        rounding = str(bucket.rounding) if bucket.rounding else ""
        table.add_row(bucket.bucket, f"{bucket.row_count:,}", _money(bucket.amount), rounding)
    table.add_section()
    table.add_row("all", f"{figures.row_count:,}", _money(figures.amount), str(figures.rounding))
    return table


def _part_table(figures: FileFigures) -> Table:
    caption = "matched: taken from an earlier line · opening: sold before the file begins, or to a guest"
    table = Table(title="Parts of split rows and of shipping refunds", caption=caption)
    table.add_column("Bucket")
    table.add_column("Part")
    table.add_column("Rows", justify="right")
    table.add_column(CURRENCY, justify="right")
    for part in figures.parts:
        table.add_row(part.bucket, part.part, f"{part.row_count:,}", _money(part.amount))
    return table


def _count_table(report: ImportReport) -> Table:
    table = Table(title="What they became")
    table.add_column("")
    table.add_column("In the file", justify="right")
    table.add_column("Added", justify="right")
    for noun, count in report.figures.counts.items():
        added = report.added.get(noun)
        table.add_row(noun.replace("_", " "), f"{count:,}", "" if added is None else f"{added:,}")
    return table


def _money(amount: int) -> str:
    return f"{from_minor(amount, CURRENCY):,.2f}"
