"""Request timing: what each request took, kept without ever holding a request up.

Requests put their figures on a bounded queue; one thread writes them in batches through its own short transaction.
When the queue is full or the database is away, figures are dropped and counted: measuring must not hurt.
"""

import queue
import threading
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from oltp.db.session import Database
from oltp.events.actions import record_timings

CAPACITY = 10_000
BATCH = 500
INTERVAL_SECONDS = 1.0

_log = structlog.get_logger("search_api.timing")


class TimingRecorder:
    """A bounded queue and the thread that empties it into `request_timing`."""

    def __init__(self, database: Database, *, capacity: int = CAPACITY, interval: float = INTERVAL_SECONDS) -> None:
        self._database = database
        self._queue: queue.Queue[dict[str, Any]] = queue.Queue(capacity)
        self._interval = interval
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._dropped = 0

    @property
    def dropped_count(self) -> int:
        """How many figures were lost since the start."""
        return self._dropped

    @property
    def waiting_count(self) -> int:
        """How many figures wait to be written."""
        return self._queue.qsize()

    def record(self, *, store_id: UUID | None, route: str, method: str, status: int, duration_us: int,
               filter_flags: list[str], request_id: str, correlation_id: str, occurred_at: datetime) -> None:
        """Take the figures of one answered request; never blocks, never raises."""
        row = {"store_id": store_id, "route": route, "method": method, "status": status, "duration_us": duration_us,
               "filter_flags": filter_flags, "request_id": request_id, "correlation_id": correlation_id,
               "occurred_at": occurred_at}
        try:
            self._queue.put_nowait(row)
        except queue.Full:
            self._drop(1)

    def start(self) -> None:
        """Start the writing thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="request-timing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    def flush(self) -> None:
        """Write everything that waits, in batches."""
        while batch := self._take():
            try:
                with self._database.anonymous_session() as session:
                    record_timings(session, rows=batch)
            except SQLAlchemyError as error:
                self._drop(len(batch))
                _log.warning("timings_dropped", error=type(error).__name__, count=len(batch))
                return

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self.flush()
        self.flush()

    def _take(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        while len(batch) < BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _drop(self, count: int) -> None:
        with self._lock:
            self._dropped += count
