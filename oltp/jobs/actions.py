"""Writes of jobs."""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.trace import current_trace

QUEUE = "default"
# The argument that carries the ids of the request a job comes from.
TRACE = "trace"

_DEFER = text("""
    SELECT procrastinate.procrastinate_defer_jobs_v1(ARRAY[ROW(
      :queue, :task, 0, :lock, NULL, CAST(:arguments AS jsonb), :run_at
    )::procrastinate.procrastinate_job_to_defer_v1])""")


def enqueue(
    session: Session, *, task: str, lock: str | None = None, run_at: datetime | None = None, **arguments: object
) -> None:
    """Put a job into the queue within the caller's transaction: it exists if and only if that commits.

    `arguments` are written as JSON, UUIDs as text. Jobs with the same `lock` run one after the other, oldest first.
    The queue's own function is called directly: its Python side would look for it in the session's search path.
    """
    trace = current_trace()
    if trace is not None:
        arguments = {**arguments, TRACE: {"request_id": trace.request_id, "correlation_id": str(trace.correlation_id)}}
    given = {"queue": QUEUE, "task": task, "lock": lock, "run_at": run_at}
    session.execute(_DEFER, {**given, "arguments": json.dumps(arguments, default=str)})
