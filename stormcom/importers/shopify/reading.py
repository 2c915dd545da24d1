"""Reading: a CSV file as rows that know their line, and a list of everything that is wrong with it."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from oltp.kit.money import exponent, to_minor
from stormcom.importers.errors import BrokenFile
from stormcom.importers.shopify.columns import ALIASES, KNOWN, REQUIRED

if TYPE_CHECKING:
    import _csv

SHOWN_PROBLEMS = 10
# A cell may hold a product's whole description.
LONGEST_CELL = 2**24
# What the shop's columns hold.
LARGEST_AMOUNT = 2**53
LARGEST_INTEGER = 2**31 - 1
# As Shopify writes them: 2024-01-15 10:23:45 -0500.
_MOMENTS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z")


@dataclass
class Problems:
    """What is wrong with a file, by line and column. Nothing is imported from a file that has any."""

    file: str
    found: list[str] = field(default_factory=list)

    def add(self, line: int, column: str, reason: str) -> None:
        """Note one."""
        self.found.append(f"line {line}, {column}: {reason}")

    def raise_any(self) -> None:
        """Errors: BrokenFile, which names the first ten and counts the rest."""
        if self.found:
            shown = "; ".join(self.found[:SHOWN_PROBLEMS])
            more = len(self.found) - SHOWN_PROBLEMS
            raise BrokenFile(file=self.file, reason=shown + (f"; and {more} more" if more > 0 else ""))


@dataclass(frozen=True)
class Row:
    """One line of the file; an empty cell is an empty text. What can't be read is noted, and a harmless value given."""

    line: int
    cells: dict[str, str]
    problems: Problems

    def text(self, column: str) -> str:
        """Return the cell without blanks around it; characters that Postgres can't hold are noted."""
        value = self.cells.get(column, "").strip()
        if "\x00" in value:
            self.problems.add(self.line, column, "has a character that can't be stored")
        return value

    def flag(self, column: str, *, default: bool) -> bool:
        """Return TRUE/FALSE or yes/no as a truth value."""
        value = self.text(column).lower()
        if value in ("", "true", "yes", "false", "no"):
            return default if not value else value in ("true", "yes")
        self.problems.add(self.line, column, f"{value[:40]!r} is neither true nor false")
        return default

    def integer(self, column: str, *, default: int, least: int = 0) -> int:
        """Return a whole number; Shopify also writes 250.0."""
        number = self._decimal(column)
        if number is None:
            return default
        if number != int(number) or not least <= number <= LARGEST_INTEGER:
            self.problems.add(self.line, column, f"{self.text(column)[:40]!r} is not a whole number from {least} on")
            return default
        return int(number)

    def amount(self, column: str, currency: str) -> int | None:
        """Return an amount in minor units, None for an empty cell. More digits than the currency has are refused."""
        number = self._decimal(column)
        if number is None:
            return None
        minor = to_minor(number, currency)
        if number.scaleb(exponent(currency)) != minor or not 0 <= minor <= LARGEST_AMOUNT:
            self.problems.add(self.line, column, f"{self.text(column)[:40]!r} is not an amount of {currency}")
            return 0
        return minor

    def moment(self, column: str) -> datetime | None:
        """Return an instant in UTC, None for an empty cell."""
        value = self.text(column)
        if not value:
            return None
        for pattern in _MOMENTS:
            try:
                return datetime.strptime(value, pattern).astimezone(UTC)
            except (ValueError, OverflowError):
                continue
        self.problems.add(self.line, column, f"{value[:40]!r} is not a time like 2024-01-15 10:23:45 -0500")
        return None

    def _decimal(self, column: str) -> Decimal | None:
        value = self.text(column)
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > LARGEST_AMOUNT:
            self.problems.add(self.line, column, f"{value[:40]!r} is not a number")
            return None
        return number


@dataclass(frozen=True)
class Export:
    """One export file: `kind` is products, customers or orders; `ignored` are columns that nothing is made of."""

    kind: str
    name: str
    digest: str
    rows: tuple[Row, ...]
    ignored: tuple[str, ...]
    problems: Problems


def read_export(path: Path, *, kind: str) -> Export:
    """Read a whole file. Errors: BrokenFile when it is no CSV in UTF-8, or lacks a column that is needed."""
    try:
        raw = path.read_bytes()
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 (byte {error.start}); export it as plain CSV"
        raise BrokenFile(file=path.name, reason=reason) from error
    problems = Problems(path.name)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = [ALIASES.get(name.strip(), name.strip()) for name in next(reader, [])]
        _check_header(path.name, kind, header)
        rows = tuple(_rows(reader, header, problems))
    except csv.Error as error:
        raise BrokenFile(file=path.name, reason=f"line {reader.line_num}: {error}") from error
    ignored = tuple(name for name in header if name and name not in KNOWN[kind])
    return Export(kind, path.name, hashlib.sha256(raw).hexdigest(), rows, ignored, problems)


def _check_header(file: str, kind: str, header: list[str]) -> None:
    missing = [name for name in REQUIRED[kind] if name not in header]
    if missing:
        raise BrokenFile(file=file, reason=f"it is no export of {kind}: there is no column {', '.join(missing)}")
    twice = sorted({name for name in header if name in KNOWN[kind] and header.count(name) > 1})
    if twice:
        raise BrokenFile(file=file, reason=f"it has the column {', '.join(twice)} twice")


def _rows(reader: "_csv.Reader", header: list[str], problems: Problems) -> Iterator[Row]:
    """Yield the rows with the line that each begins on: a cell may span several."""
    line = 2
    for cells in reader:
        following = reader.line_num + 1
        if len(cells) > len(header):
            problems.add(line, "the row", f"has {len(cells)} cells, the header {len(header)}")
        yield Row(line, dict(zip(header, cells, strict=False)), problems)
        line = following
