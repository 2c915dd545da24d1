"""Background work of events: partitions ahead of time, timings not for ever."""

from datetime import date, timedelta

from sqlalchemy import text

from oltp.db.partitions import PARTITIONED, ensure_months
from oltp.events.purchases import RECORD_PURCHASE, record_purchase
from oltp.jobs.task import Task, Work

YEAR = timedelta(days=366)
TIMINGS_KEPT = timedelta(days=30)
# One statement deletes at most this many rows, so that no transaction holds back the extraction for long.
BATCH = 10_000


def ensure_partitions(work: Work) -> None:
    """Make the partitions that are missing among the past and the next twelve months; another transaction for each."""
    today = work.clock.now().date()
    month = date(today.year - 1, today.month, 1)
    while month <= today + YEAR:
        for table in PARTITIONED:
            with work.database.worker_session() as session:
                # Its keys lock the tables they name: rather another try than writers who queue behind this one.
                session.execute(text("SET LOCAL lock_timeout = '300ms'"))
                ensure_months(session, table=table, first=month, last=month)
        month = (month + timedelta(days=32)).replace(day=1)


def trim_timings(work: Work) -> None:
    """Delete request timings older than thirty days."""
    statement = text("""
        DELETE FROM request_timing WHERE id IN (
          SELECT id FROM request_timing WHERE occurred_at < :before ORDER BY id LIMIT :batch)""")
    given = {"before": work.clock.now() - TIMINGS_KEPT, "batch": BATCH}
    deleted = BATCH
    while deleted == BATCH:
        with work.database.worker_session() as session:
            deleted = int(getattr(session.execute(statement, given), "rowcount", 0))


TASKS = (
    Task("events.ensure_partitions", ensure_partitions, cron="11 1 * * *"),
    Task(RECORD_PURCHASE, record_purchase),
    Task("events.trim_timings", trim_timings, cron="21 1 * * *"),
)
