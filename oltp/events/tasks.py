"""Background work of events: partitions ahead of time, timings not for ever."""

from datetime import timedelta

from sqlalchemy import text

from oltp.jobs.task import Task, Work

PARTITIONS_AHEAD = timedelta(days=366)
TIMINGS_KEPT = timedelta(days=30)
# One statement deletes at most this many rows, so that no transaction holds back the extraction for long.
BATCH = 10_000


def ensure_partitions(work: Work) -> None:
    """Make the partitions that events of the next twelve months will go to."""
    today = work.clock.now().date()
    with work.database.worker_session() as session:
        session.execute(
            text("SELECT ensure_event_partitions(:first, :last)"), {"first": today, "last": today + PARTITIONS_AHEAD}
        )


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
    Task("events.trim_timings", trim_timings, cron="21 1 * * *"),
)
