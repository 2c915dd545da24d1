"""A file of the Online Retail layout → its checked rows, or one BrokenFile that names line and column.

Both kinds of file become the same frame of raw columns plus `line` (where a person finds the row: the line
of a CSV file, the 1-based row of a Parquet file); `columns.py` turns raw cells into typed ones.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from stormcom.importers.errors import BrokenFile
from stormcom.importers.online_retail.columns import COLUMNS, typed_rows

PARQUET_MAGIC = b"PAR1"
CSV_CHUNK = 50_000


@dataclass(frozen=True)
class SourceFile:
    """The checked content of one file. `rows`: see `columns.typed_rows`; `place`: "line" or "row"."""

    name: str
    content_hash: str
    place: str
    rows: pl.DataFrame


def read_file(path: Path) -> SourceFile:
    """Read and check the whole file. Raises BrokenFile; never gives some of the rows."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BrokenFile(file=path.name, reason=f"cannot be read ({error.strerror})") from error
    place, raw = _raw_columns(path, content)
    if raw.height == 0:
        raise BrokenFile(file=path.name, reason="holds no rows")
    rows = typed_rows(raw, file=path.name, place=place)
    return SourceFile(path.name, sha256(content).hexdigest(), place, rows)


def _raw_columns(path: Path, content: bytes) -> tuple[str, pl.DataFrame]:
    if content.startswith(PARQUET_MAGIC) or path.suffix.lower() == ".parquet":
        return "row", _read_parquet(path.name, content)
    return "line", _read_csv(path.name, content)


def _read_parquet(file: str, content: bytes) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except PolarsError as error:
        reason = str(error).splitlines()[0]
        raise BrokenFile(file=file, reason=f"is no whole Parquet file, perhaps truncated ({reason})") from error
    _check_columns(file, frame.columns)
    return frame.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"), *COLUMNS)


def _read_csv(file: str, content: bytes) -> pl.DataFrame:
    """Python's reader, not Polars': it accepts a bare quote (10" PLATE) and knows each record's line."""
    text = _decode(content)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = _records(file, reader)
    header = next(records, (1, []))[1]
    _check_columns(file, header)
    if not text.endswith("\n"):
        line = text.count("\n") + 1
        reason = f"line {line} has no line end: the file is truncated (add a line end if it is complete)"
        raise BrokenFile(file=file, reason=reason)
    chunks = list(_chunks(file, header, records))
    return pl.concat(chunks) if chunks else pl.DataFrame()


def _decode(content: bytes) -> str:
    """The public copies of this data set come in UTF-8 and in Latin-1 (their pound signs tell)."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _records(file: str, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each non-blank record with the line it begins on."""
    begins = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenFile(file=file, reason=f"line {begins}: {error}, perhaps truncated") from error
        if record:
            yield begins, record
        begins = reader.line_num + 1  # type: ignore[attr-defined]


def _chunks(file: str, header: list[str], records: Iterator[tuple[int, list[str]]]) -> Iterator[pl.DataFrame]:
    """Frames of at most CSV_CHUNK records: half a million Python lists at once would cost hundreds of MB."""
    while chunk := list(islice(records, CSV_CHUNK)):
        for line, record in chunk:
            if len(record) != len(header):
                reason = f"line {line}: {len(record)} columns instead of {len(header)}"
                raise BrokenFile(file=file, reason=reason)
        cells = zip(*(record for _, record in chunk), strict=True)
        columns = {name.strip(): pl.Series(values, dtype=pl.String) for name, values in zip(header, cells, strict=True)}
        lines = pl.Series([line for line, _ in chunk], dtype=pl.Int64)
        yield pl.DataFrame({"line": lines, **{name: columns[name] for name in COLUMNS}})


def _check_columns(file: str, found: list[str]) -> None:
    names = [name.strip() for name in found]
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    doubled = sorted({name for name in names if names.count(name) > 1})
    problems = {"missing": missing, "unknown": unknown, "twice": doubled}
    told = "; ".join(f"{what}: {', '.join(which)}" for what, which in problems.items() if which)
    if told:
        raise BrokenFile(file=file, reason=f"line 1: wrong columns ({told}); expected {', '.join(COLUMNS)}")
