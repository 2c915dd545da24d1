"""The backfill of one capability of one store: batch by batch, each committed, safe to repeat."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.rollout.states import Capability

# Most rows of one transaction. The first is small; then each is as large as one of the wanted length allows, however
# slow the machine is, for a writer of one of its rows waits that long.
BATCH = 500
FIRST = 25
WANTED_SECONDS = 0.2


def count_rows(session: Session, *, store_id: UUID, capability: Capability) -> int:
    """Return how many rows a backfill will pass: orders for promotions, products for everything else."""
    table = "orders" if capability == "promotions" else "products"
    return int(session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"), {"store": store_id}) or 0)


def backfill(
    database: Database, *, store_id: UUID, capability: Capability, batch: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Bring the new tables up to date from the legacy columns; returns the added-up report.

    `progress` is told the number of rows done so far.
    """
    statement = text(f"SELECT last_id, row_count, report FROM backfill_{capability}(:store, :after, :size)")
    last: UUID | None = None
    done, size = 0, min(FIRST, batch)
    report: dict[str, Any] = {}
    while True:
        began = time.monotonic()
        with database.owner_session() as session:
            row = session.execute(statement, {"store": store_id, "after": last, "size": size}).one()
        size = _next_size(size, seconds=time.monotonic() - began, most=batch)
        if row.last_id is None:
            return report
        last, done = row.last_id, done + row.row_count
        report = merge_reports(report, row.report)
        if progress is not None:
            progress(done)


def _next_size(size: int, *, seconds: float, most: int) -> int:
    """Return the size that would have taken the wanted time, at most twice as many rows as before."""
    fitting = int(size * WANTED_SECONDS / max(seconds, 0.001))
    return max(1, min(fitting, 2 * size, most))


def merge_reports(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Add two reports: numbers add up, lists join up to ten entries, anything else is the newer one."""
    merged = dict(left)
    for key, value in right.items():
        old = merged.get(key)
        if isinstance(value, bool) or old is None:
            merged[key] = value
        elif isinstance(value, int | float) and isinstance(old, int | float):
            merged[key] = old + value
        elif isinstance(value, list) and isinstance(old, list):
            merged[key] = (old + value)[:10]
        else:
            merged[key] = value
    return merged
