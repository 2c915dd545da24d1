"""Writes of jobs."""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.trace import current_trace

QUEUE = "default"
# The argument that carries the ids of the request a job comes from.
TRACE = "trace"

# A call of the queue's own function with the values of job_values(): its Python side would look for it in the session's
# search path.
DEFER = """procrastinate.procrastinate_defer_jobs_v1(ARRAY[ROW(
      :queue, :task, 0, :lock, NULL, CAST(:arguments AS jsonb), :run_at
    )::procrastinate.procrastinate_job_to_defer_v1])"""
_ENQUEUE = text(f"SELECT {DEFER}")


def enqueue(
    session: Session, *, task: str, lock: str | None = None, run_at: datetime | None = None, **arguments: object
) -> None:
    """Put a job into the queue within the caller's transaction: it exists if and only if that commits.

    `arguments` are written as JSON, UUIDs as text. Jobs with the same `lock` run one after the other, oldest first.
    """
    session.execute(_ENQUEUE, job_values(task, lock=lock, run_at=run_at, **arguments))


def job_values(
    task: str, *, lock: str | None = None, run_at: datetime | None = None, **arguments: object
) -> dict[str, object]:
    """Return the values of DEFER, for who puts a job into the queue with the statement that makes it necessary."""
    trace = current_trace()
    if trace is not None:
        arguments = {**arguments, TRACE: {"request_id": trace.request_id, "correlation_id": str(trace.correlation_id)}}
    return {"queue": QUEUE, "task": task, "lock": lock, "run_at": run_at,
            "arguments": json.dumps(arguments, default=str)}
