"""The database a command works on: the one that is named, or the embedded server, shared by all that use it.

Each user of the embedded server holds the users' lock. The last one out stops the server; a server that nobody holds
was left by a run that was killed: `up` takes it over, other commands use it and leave it as they found it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import oltp.metadata  # noqa: F401 - a row can be flushed only where every table its keys name is known
from oltp.db.embedded import EmbeddedPostgres
from oltp.db.session import Database
from oltp.kit.settings import Settings
from stormcom.schema import current, head, upgrade
from stormcom.stack.errors import StackError
from stormcom.stack.locks import exclusive, is_held, open_lock, share, try_exclusive


class NotRunning(StackError):
    """The embedded server does not run."""


class SchemaBehind(StackError):
    """The schema is not the one this version expects."""


def embedded_server(settings: Settings) -> EmbeddedPostgres:
    """Return the embedded server of this home, running or not."""
    return EmbeddedPostgres(settings.home_path / "postgres")


def users_lock(home: Path) -> Path:
    """Path of the lock that every user of the embedded server shares."""
    return home / "run" / "postgres.users"


class Lease:
    """One use of the embedded server, from `acquire` to `release`."""

    def __init__(self, settings: Settings) -> None:
        self.server = embedded_server(settings)
        self._gate = settings.home_path / "run" / "postgres.gate"
        self._users = users_lock(settings.home_path)
        self._descriptor = -1
        self.orphan: int | None = None

    def acquire(self) -> str:
        """Start or join the server and return the URL of the shop's database; `orphan` is then its pid if it was one.

        Errors: EmbeddedPostgresFailed.
        """
        with exclusive(self._gate):
            self._descriptor = open_lock(self._users)
            if try_exclusive(self._descriptor):
                self.orphan = self.server.pid
            share(self._descriptor)
            try:
                return self.server.start()
            except BaseException:
                self._leave(stops=self.orphan is None)
                raise

    def release(self, *, adopts: bool) -> None:
        """Give the server up, stopping it if nobody else uses it. An orphan is stopped only by who adopts it."""
        with exclusive(self._gate):
            self._leave(stops=adopts or self.orphan is None)

    def _leave(self, *, stops: bool) -> None:
        try:
            if stops and try_exclusive(self._descriptor):
                self.server.stop()
        finally:
            os.close(self._descriptor)


@contextmanager
def server_url(
    settings: Settings, *, adopts: bool = False, found_orphan: Callable[[int], None] | None = None
) -> Iterator[str]:
    """Yield the URL of the shop's database, with the embedded server running for the block if none is named."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    lease = Lease(settings)
    url = lease.acquire()
    try:
        if lease.orphan is not None and found_orphan is not None:
            found_orphan(lease.orphan)
        yield url
    finally:
        lease.release(adopts=adopts)


@contextmanager
def open_database(settings: Settings, *, migrated: bool = False) -> Iterator[Database]:
    """Yield the shop's database at the expected schema; `migrated` fills an empty one first. Errors: SchemaBehind."""
    with server_url(settings) as url:
        if migrated and current(url) is None:
            upgrade(url)
        stands = current(url)
        if stands != head():
            raise SchemaBehind(f"The schema stands at {stands or 'base'}, not at {head()}: run `stormcom db upgrade`.")
        database = Database(url)
        try:
            yield database
        finally:
            database.dispose()


def running_url(settings: Settings) -> str:
    """Return the URL of the shop's database without starting anything. Errors: NotRunning."""
    if settings.database_url is not None:
        return settings.database_url
    server = embedded_server(settings)
    if server.pid is None:
        raise NotRunning(
            f"No embedded Postgres runs in {settings.home_path}. Start everything with `stormcom up`, or name a "
            "database with STORMCOM_DATABASE_URL."
        )
    return server.url()


def orphan_of(settings: Settings) -> int | None:
    """Return the pid of an embedded server that nobody uses, if there is one."""
    if settings.database_url is not None or is_held(users_lock(settings.home_path)):
        return None
    return embedded_server(settings).pid
