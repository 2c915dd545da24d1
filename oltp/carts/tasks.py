"""Background work of the room `carts`: old quotes are thrown away, carts that nobody touches are called abandoned."""

from datetime import timedelta

from oltp.carts.actions import abandon_carts, purge_quotes
from oltp.jobs.task import Task, Work

BATCH = 1000
# How long a quote can still be looked at after it has expired, and when a cart counts as left.
KEPT = timedelta(days=7)
LEFT = timedelta(days=30)


def purge_expired_quotes(work: Work) -> None:
    """Delete quotes that nobody ordered by, in batches; an order keeps its quote and its trace."""
    while True:
        with work.database.worker_session() as session:
            if purge_quotes(session, expired_before=work.clock.now() - KEPT, size=BATCH) < BATCH:
                return


def mark_abandoned(work: Work) -> None:
    """Call open carts abandoned that have not been touched for a month; touched again, one is open again."""
    while True:
        with work.database.worker_session() as session:
            if abandon_carts(session, untouched_since=work.clock.now() - LEFT, size=BATCH) < BATCH:
                return


TASKS: tuple[Task, ...] = (
    Task("carts.purge_expired_quotes", purge_expired_quotes, cron="41 * * * *"),
    Task("carts.mark_abandoned", mark_abandoned, cron="23 3 * * *"),
)
