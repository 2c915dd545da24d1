"""The mirror of the queue: what became of a job stays known after the queue has forgotten it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from oltp.db.session import Database
from oltp.jobs.task import Task, Work
from oltp.kit.trace import Trace

KEPT = timedelta(days=30)
_BATCH = 5000
_LONGEST_ERROR = 500

# A store that was erased meanwhile has no jobs any more.
_BEGIN = text("""
    INSERT INTO job_descriptor (store_id, job_id, task, queue, status, attempt_count, arguments, scheduled_at,
                                started_at, correlation_id, request_id)
    VALUES ((SELECT id FROM stores WHERE id = CAST(:store AS uuid)), :job, :task, :queue, 'running', :attempt,
            CAST(:arguments AS jsonb), :scheduled_at, now(), :correlation, :request)
    ON CONFLICT (job_id) DO UPDATE SET status = 'running', attempt_count = excluded.attempt_count, started_at = now(),
      finished_at = NULL, error = NULL, updated_at = now()""")
_END = text("""
    UPDATE job_descriptor SET status = CAST(:status AS text), error = CAST(:error AS text), updated_at = now(),
      finished_at = CASE WHEN CAST(:status AS text) = 'queued' THEN NULL ELSE now() END
    WHERE job_id = :job""")
_PURGE = text("""
    DELETE FROM job_descriptor WHERE id IN (
      SELECT id FROM job_descriptor WHERE updated_at < :before AND status IN ('succeeded', 'failed', 'canceled')
      LIMIT :size)""")


def begin_job(
    database: Database, *, job_id: int, task: str, queue: str, attempt: int, arguments: Mapping[str, Any],
    scheduled_at: datetime | None, trace: Trace,
) -> None:
    """Note that a job begins; `attempt` counts from 1. The ids are those of the request the job comes from."""
    with database.worker_session() as session:
        session.execute(_BEGIN, {
            "store": arguments.get("store_id"), "job": job_id, "task": task, "queue": queue, "attempt": attempt,
            "arguments": json.dumps(dict(arguments), default=str), "scheduled_at": scheduled_at,
            "correlation": trace.correlation_id, "request": trace.request_id})


def end_job(database: Database, *, job_id: int, error: BaseException | None, is_last: bool) -> None:
    """Note how a job ended. One that failed and is tried again is queued once more."""
    status = "succeeded" if error is None else "failed" if is_last else "queued"
    told = None if error is None else f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    with database.worker_session() as session:
        session.execute(_END, {"job": job_id, "status": status, "error": told})


def purge_descriptors(work: Work) -> None:
    """Delete what ended long ago, in batches."""
    before = work.clock.now() - KEPT
    while True:
        with work.database.worker_session() as session:
            deleted = session.execute(_PURGE, {"before": before, "size": _BATCH})
            if int(getattr(deleted, "rowcount", 0)) < _BATCH:
                return


TASKS = (Task("jobs.purge_descriptors", purge_descriptors, cron="41 3 * * *"),)
