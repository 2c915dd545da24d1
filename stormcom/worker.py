"""The worker's process: runs background jobs until it is told to end."""

import asyncio
import logging

import structlog
from procrastinate.exceptions import AlreadyEnqueued

from oltp.db.session import Database
from oltp.handlers import FOLLOWERS, TASKS
from oltp.jobs.app import create_app
from oltp.jobs.task import Work
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.payments.gateway import Gateways
from search_api.logging import configure_logging
from stormcom.stack.secret_key import find_secret_box
from stormcom.stack.server import running_url

CONCURRENCY = 4
# A job under way gets this long when the process is told to end; it is rescued later if that was too short.
GRACE_SECONDS = 3.0

_log = structlog.get_logger("stormcom.worker")


class LogBridge(logging.Handler):
    """Carries what libraries log into the process's own log, one JSON object a line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        _log.log(record.levelno, record.getMessage(), logger=record.name)


def run_worker(settings: Settings) -> None:
    """Run jobs until SIGTERM. Errors: NotRunning when no database is named and no embedded server runs."""
    configure_logging(settings.log_level)
    logging.basicConfig(handlers=[LogBridge()], level=logging.WARNING, force=True)
    database = Database(running_url(settings), pool_size=CONCURRENCY)
    box = find_secret_box(settings)
    work = Work(database, SystemClock(), FOLLOWERS, box, settings.rates_url, Gateways.of(settings, box=box))
    asyncio.run(work_through(work, wait=True))
    database.dispose()


async def work_through(work: Work, *, wait: bool) -> None:
    """Run due jobs; `wait` for more, until a signal comes, or end when the queue is empty."""
    app = create_app(TASKS, work)
    async with app.open_async():
        for task in TASKS:
            if task.cron is not None:
                await _defer_once(app.configure_task(task.name, queueing_lock=task.name))
        _log.info("worker.ready", tasks=sorted(task.name for task in TASKS))
        await app.run_worker_async(
            wait=wait, concurrency=CONCURRENCY, delete_jobs="successful", install_signal_handlers=wait,
            shutdown_graceful_timeout=GRACE_SECONDS, fetch_job_polling_interval=2.0,
        )


async def _defer_once(deferrer: object) -> None:
    try:
        await deferrer.defer_async()  # type: ignore[attr-defined]
    except AlreadyEnqueued:
        return
