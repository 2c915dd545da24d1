"""The queue's application: the declared tasks as procrastinate knows them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import procrastinate
import structlog
from procrastinate import JobContext, PsycopgConnector, RetryStrategy

from oltp.jobs.actions import QUEUE, TRACE
from oltp.jobs.mirror import begin_job, end_job
from oltp.jobs.task import Task, Work
from oltp.kit.trace import bind_trace, current_trace, new_trace

# A worker that has been silent this long is dead; what it was doing is done again.
SILENT_SECONDS = 30
_OPTIONS = "-c role=stormcom_worker -c search_path=procrastinate,public -c timezone=UTC"

_log = structlog.get_logger("oltp.jobs")


def create_app(tasks: Sequence[Task], work: Work) -> procrastinate.App:
    """Make the application over the shop's database; open it before use."""
    # TCP keepalives and pre-checked connections let the worker survive a restart of the server.
    connector = PsycopgConnector(conninfo=work.database.url, kwargs={"options": _OPTIONS}, min_size=1, max_size=8)
    app = procrastinate.App(connector=connector)
    for task in tasks:
        _register(app, task, work)
    _register_rescue(app)
    return app


def _register(app: procrastinate.App, task: Task, work: Work) -> None:
    def run(context: JobContext, /, **arguments: Any) -> None:  # noqa: ANN401 - whatever JSON the job carries
        arguments.pop("timestamp", None)  # the tick of a periodic job
        _run(task, work, context, arguments)

    # Waits of 3, 9, 27, 81 … seconds.
    retry = RetryStrategy(max_attempts=task.attempts, exponential_wait=3)
    registered: Any = app.task(name=task.name, queue=QUEUE, retry=retry, pass_context=True)(run)
    if task.cron is not None:
        app.periodic(cron=task.cron, queueing_lock=task.name)(registered)


def _run(task: Task, work: Work, context: JobContext, arguments: dict[str, Any]) -> None:
    trace = new_trace(**(arguments.pop(TRACE, None) or {}))
    facts = {"task": task.name, "job_id": context.job.id, "attempt": context.job.attempts + 1}
    ids = {"request_id": trace.request_id, "correlation_id": str(trace.correlation_id)}
    with bind_trace(trace), structlog.contextvars.bound_contextvars(**ids):
        try:
            with _mirrored(task, work, context, arguments):
                task.run(work, **arguments)
        except Exception as error:
            _log.error("job.failed", **facts, exc_info=error)
            raise
        _log.info("job.done", **facts)


@contextmanager
def _mirrored(task: Task, work: Work, context: JobContext, arguments: dict[str, Any]) -> Iterator[None]:
    """Mirror the job into JobDescriptor: that it runs, and how it ended."""
    job, trace = context.job, current_trace()
    assert job.id is not None and trace is not None
    begin_job(work.database, job_id=job.id, task=task.name, queue=job.queue, attempt=job.attempts + 1,
              arguments=arguments, scheduled_at=job.scheduled_at, trace=trace)
    try:
        yield
    except BaseException as error:
        end_job(work.database, job_id=job.id, error=error, is_last=job.attempts >= task.attempts)
        raise
    end_job(work.database, job_id=job.id, error=None, is_last=True)


def _register_rescue(app: procrastinate.App) -> None:
    async def rescue(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
            _log.warning("job.rescued", task=job.task_name, job_id=job.id)
            await app.job_manager.retry_job(job)

    registered = app.task(name="jobs.rescue", queue=QUEUE)(rescue)
    app.periodic(cron="* * * * *", queueing_lock="jobs.rescue")(registered)
