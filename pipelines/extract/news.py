"""News: which extracted tables have changed beyond what is published. A few index probes, no lake, no copy."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from warehouse.models import MARTS
from warehouse.tables import RAW_TABLES

# Tables that search documents and vectors are made from.
CATALOG = frozenset({"products", "product_variants"})
_PUBLISHED = "SELECT min(horizon), count(DISTINCT mart) FROM publication WHERE mart = ANY(:marts)"
_NEXT = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True)
class News:
    """`published` is the oldest published horizon (None: nothing is published), `tables` have rows beyond it."""

    published: int | None
    tables: frozenset[str]

    @property
    def is_any(self) -> bool:
        return bool(self.tables)

    @property
    def concerns_catalog(self) -> bool:
        """Whether search documents and vectors may be out of date."""
        return bool(self.tables & CATALOG)


def find_news(session: Session) -> News:
    """What an extraction pass would read now and is not published yet; rows of open transactions don't count.

    A horizon that lies in the future belongs to a cluster that was restored from a dump: everything is news then.
    """
    everything = frozenset(table.source_table for table in RAW_TABLES.values())
    if not session.scalar(text("SELECT EXISTS (SELECT FROM stores)")):
        return News(None, frozenset())
    horizon, marts = session.execute(text(_PUBLISHED), {"marts": list(MARTS)}).one()
    upper = session.scalar(text(_NEXT)) or 0
    if horizon is None or marts < len(MARTS) or horizon > upper:
        return News(horizon, everything)
    found = session.scalars(text(_probes()), {"low": str(horizon), "high": str(upper)})
    return News(horizon, frozenset(found))


@cache
def _probes() -> str:
    """One index probe per extracted table and one for deletions."""
    tables = sorted({table.source_table for table in RAW_TABLES.values()} | {"row_tombstone"})
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table} WHERE row_version >= CAST(:low AS xid8) "
        "AND row_version < CAST(:high AS xid8))" for table in tables)
