"""Buckets: every row of a file is counted in exactly one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Buckets:
    """Rows by bucket, and notes on what had to be decided: sentence → how often."""

    rows: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Mapping[str, int]]:
        """Return both, as they are kept with the run."""
        return {"rows": dict(self.rows), "notes": dict(self.notes)}


@dataclass(frozen=True)
class Prepared:
    """What a file becomes: table → rows, ready to be written, and where each row of the file went."""

    tables: dict[str, list[dict[str, object]]]
    buckets: Buckets
