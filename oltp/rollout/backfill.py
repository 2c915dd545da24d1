"""The backfill of one capability of one store: batch by batch, each committed, safe to repeat."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.rollout.states import Capability

# Rows of one transaction: small enough that no writer waits long for a row, and no reader of row versions at all.
BATCH = 500


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
    done = 0
    report: dict[str, Any] = {}
    while True:
        with database.owner_session() as session:
            row = session.execute(statement, {"store": store_id, "after": last, "size": batch}).one()
        if row.last_id is None:
            return report
        last, done = row.last_id, done + row.row_count
        report = merge_reports(report, row.report)
        if progress is not None:
            progress(done)


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
