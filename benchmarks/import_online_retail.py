"""Importing the Online Retail year, beside a raw COPY of its rows into a table without keys, triggers or policies.

Usage: python -m benchmarks.import_online_retail [FILE]. The database is made for the run and thrown away; it is
durable, as a user's is. Both write to the same server, one after the other.
"""

import io
import sys
import time
from pathlib import Path

import polars as pl
import psycopg
from rich.console import Console
from rich.progress import Progress

from benchmarks._server import throwaway_database
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.importers.online_retail.report import render_report
from stormcom.importers.online_retail.run import run_import

DEFAULT_FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
RAW_TABLE = """
    CREATE TABLE raw_rows (invoice text, sku text, description text, quantity integer, moment timestamp,
                           price numeric(12, 4), customer integer, country text)"""


class Watch(Progress):
    """Bars that nobody sees, and the moment each began."""

    def __init__(self) -> None:
        super().__init__(console=Console(quiet=True))
        self.laps: list[tuple[str, float]] = []

    def add_task(self, description: str, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        self.laps.append((description, time.perf_counter()))
        return super().add_task(description, *args, **kwargs)  # type: ignore[arg-type]


def main(file: Path) -> None:
    with throwaway_database() as url:
        measure(url, file)


def measure(url: str, file: Path) -> None:
    database, clock, watch = Database(url), SystemClock(), Watch()
    began = time.perf_counter()
    report = run_import(database, file=file, store_slug="gifts", clock=clock, progress=watch)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    repeated = run_import(database, file=file, store_slug="gifts", clock=clock)
    repeat = time.perf_counter() - began
    database.dispose()
    raw = copy_raw(url, file)
    Console().print(render_report(report))
    rows = report.figures.row_count
    ends = [*(at for _, at in watch.laps[1:]), watch.laps[0][1] + seconds]
    for (stage, at), end in zip(watch.laps, ends, strict=True):
        print(f"{stage.lower():<28}{end - at:>8.2f} s")
    print(f"{'run_import, in all':<28}{seconds:>8.2f} s  ({rows / seconds:,.0f} rows/s)")
    print(f"{'run_import again':<28}{repeat:>8.2f} s  (changed nothing: {repeated.is_repeat})")
    print(f"{'raw COPY of the file':<28}{raw:>8.2f} s")
    print(f"{'ratio':<28}{seconds / raw:>8.1f}")


def require_file(file: Path) -> None:
    """End without a figure, saying why, where the data set is absent."""
    if not file.exists():
        print(f"not measured: the Online Retail data set is not at {file}; name the file as the first argument")
        sys.exit(0)


def copy_raw(url: str, file: Path) -> float:
    """Seconds to read the file and copy its rows, as they are, in one transaction."""
    began = time.perf_counter()
    buffer = io.BytesIO()
    pl.read_parquet(file).write_csv(buffer, include_header=False)
    with psycopg.connect(url) as connection:
        connection.execute(RAW_TABLE)
        with connection.cursor().copy("COPY raw_rows FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getvalue())
    return time.perf_counter() - began


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE
    require_file(given)
    main(given)
