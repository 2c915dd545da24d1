"""A small shop to import: ten rows of December, two later ones, and what imports them."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.importers.online_retail.report import ImportReport
from stormcom.importers.online_retail.run import run_import
from tests.stormcom.importers.retail_files import Line, write_parquet

TABLES = (
    "products",
    "product_variants",
    "customers",
    "subject",
    "orders",
    "order_items",
    "refund",
    "refund_item",
    "domain_event",
    "import_run",
)
DECEMBER = [
    Line("1", "85123a", 6, "2.55", 17850, "1 08:26"),
    Line("1", "71053", 6, "3.39", 17850, "1 08:26"),
    Line("1", "71053", 6, "3.39", 17850, "1 08:26"),
    Line("1", "POST", 1, "18", 17850, "1 08:26"),
    Line("2", "85123A", 2, "2.55", None, "1 09:00"),
    Line("3", "22139", 1, "0", 13047, "1 10:00"),
    Line("4", "M", 1, "500", None, "1 11:00"),
    Line("C5", "85123A", -7, "2.55", 17850, "2 09:00", country="EIRE"),
    Line("C5", "POST", -1, "18", 17850, "2 09:00"),
    Line("C6", "71053", -1, "3.39", None, "3 09:00"),
]
LATER = [Line("7", "22752", 2, "7.65", 12583, "9 08:45"), Line("C8", "71053", -3, "3.39", 17850, "9 09:00")]


class Importer:
    """Writes lines to a file of its own and imports it."""

    def __init__(self, database: Database, clock: FixedClock, folder: Path) -> None:
        self.database, self.clock, self.folder = database, clock, folder
        self.count = 0

    def __call__(self, lines: list[Line], *, slug: str = "gifts") -> ImportReport:
        self.count += 1
        return self.file(write_parquet(self.folder / f"{self.count}.parquet", lines), slug=slug)

    def file(self, path: Path, *, slug: str = "gifts") -> ImportReport:
        return run_import(self.database, file=path, store_slug=slug, clock=self.clock, batch_rows=2)

    def rows(self, report: ImportReport, query: str) -> list[Any]:
        with self.database.session_for(report.store_id) as session:
            return [tuple(row) for row in session.execute(text(query))]

    def everything(self, report: ImportReport) -> dict[str, list[Any]]:
        return {table: self.rows(report, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES}
