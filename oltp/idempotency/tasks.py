"""Background work of idempotency: records are kept for a day."""

from oltp.idempotency.actions import purge_requests
from oltp.jobs.task import Task, Work

BATCH = 5000


def purge_expired(work: Work) -> None:
    """Delete what has expired, in batches."""
    while True:
        with work.database.worker_session() as session:
            if purge_requests(session, size=BATCH) < BATCH:
                return


TASKS = (Task("idempotency.purge_expired", purge_expired, cron="17 * * * *"),)
