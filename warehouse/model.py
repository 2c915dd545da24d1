"""What a model is: one SELECT (`sql/<schema>/<name>.sql`), a pure function of its sources, rebuilt by key.

A rebuild of some keys runs the same SELECT with its sources narrowed to these keys, so it can't differ from a full one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from warehouse.attribution import TRAFFIC_SOURCES
from warehouse.columns import Column
from warehouse.runner import parsed


@dataclass(frozen=True)
class Model:
    """One staging table or mart of the lake.

    `touched_kinds`: kinds of touched keys it is rebuilt by; `rebuild_key`: the columns such a key names.
    `narrow`: source alias → condition over the temporary table `touched_keys`, whose columns are the rebuild key.
    `emits`: kind → SELECT of (store_id, key as text) over `changed` (rows that came or went) and `touched_keys`.
    """

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rebuild_key: tuple[str, ...]
    touched_kinds: tuple[str, ...]
    narrow: Mapping[str, str] = field(default_factory=dict)
    emits: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def follows_clock(self) -> bool:
        """Whether it changes by the passing of days alone; it is then small and computed whole each time."""
        return self.touched_kinds == ("clock",)

    @cached_property
    def depends_on(self) -> tuple[str, ...]:
        """Full names of the lake tables the SELECT reads, rule tables left out."""
        tables = {
            f"{table.db}.{table.name}" for table in parsed(self.schema, self.name).find_all(exp.Table) if table.db
        }
        return tuple(sorted(name for name in tables if not name.startswith("meta.")))

    @cached_property
    def version(self) -> str:
        """Changes with the meaning of the SELECT (not its layout), its columns and the rules it joins."""
        meaning = parsed(self.schema, self.name).sql(dialect="duckdb", comments=False)
        rules = repr(TRAFFIC_SOURCES) if "meta.traffic_sources" in meaning else ""
        columns = ",".join(f"{column.name} {column.type}" for column in self.columns)
        return hashlib.sha256(f"{meaning}|{columns}|{rules}".encode()).hexdigest()[:12]


# How the text of a touched key becomes the columns of a rebuild key.
KEY_COLUMNS: dict[str, dict[str, str]] = {
    "order": {"order_id": "CAST(key AS UUID)"},
    "order_value": {"order_id": "CAST(key AS UUID)"},
    "path_order": {"order_id": "CAST(key AS UUID)"},
    "person": {"person": "CAST(key AS UUID)"},
    "visitor": {"surrogate": "CAST(key AS UUID)"},
    "store_day": {"store_day": "CAST(key AS DATE)"},
    "cohort": {"cohort_grain": "SPLIT_PART(key, ':', 1)", "cohort_on": "CAST(SPLIT_PART(key, ':', 2) AS DATE)"},
    "store_window": {},
    "clock": {},
}
# Emitted without a store: every key of every kind.
EVERYTHING = "full"


def keys_in(columns: str, key: str | None = None) -> str:
    """Condition that these columns are a touched key; `key` names the key's columns where they differ."""
    return f"({columns}) IN (SELECT {key or columns} FROM touched_keys)"
