"""How an import runs: alone with its store, and with bars for those who watch."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, TaskID
from sqlalchemy import text

from oltp.db.locking import try_lock
from oltp.db.session import Database
from stormcom.importers.errors import ImportRunning


@contextmanager
def alone(database: Database, *, source: str, slug: str) -> Iterator[None]:
    """Hold the lock of (source, store) for the whole import. Raises ImportRunning.

    The transaction that holds it writes nothing, so it has no transaction id and delays no extraction.
    """
    with database.anonymous_session() as guard:
        guard.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL transaction_timeout = 0"))
        if not try_lock(guard, scope=f"import:{source}", key=slug):
            raise ImportRunning(slug=slug)
        yield


class Steps:
    """The bars of an import, if anybody watches."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str, *, total: int) -> Iterator[TaskID | None]:
        """One bar; it stays where it is if the step fails."""
        yield None if self._progress is None else self._progress.add_task(name, total=total)

    def advance(self, task: TaskID | None, count: int = 1) -> None:
        """Move a bar on."""
        if self._progress is not None and task is not None:
            self._progress.advance(task, count)
