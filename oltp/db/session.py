"""Sessions: who one is to the database, for exactly one transaction. The only place that commits."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from uuid import UUID

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from oltp.db.partitions import named_refusal

# A connection that rested longer is asked whether it lives; a router may have forgotten it without a word.
TRUSTED_SECONDS = 30.0


def sqlalchemy_url(url: str) -> str:
    """Return a libpq URL (postgresql://…) with the driver SQLAlchemy shall use."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


class Database:
    """One Postgres database, reachable in four roles. `url` is a libpq URL (postgresql://…)."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._pool_size = pool_size

    @cached_property
    def owner(self) -> Engine:
        """Engine of the owner: migrations, partitions, sign-in links."""
        return self._engine("stormcom_owner", bypasses=True)

    @cached_property
    def app(self) -> Engine:
        """Engine of the application: row-level security applies to it."""
        return self._engine("stormcom_app", bypasses=False)

    @cached_property
    def worker(self) -> Engine:
        """Engine of the worker: finds work across stores."""
        return self._engine("stormcom_worker", bypasses=True)

    @cached_property
    def pipelines(self) -> Engine:
        """Engine of the pipelines: reads extracted tables, writes published ones."""
        return self._engine("stormcom_pipelines", bypasses=True)

    @contextmanager
    def session_for(self, store_id: UUID) -> Iterator[Session]:
        """One transaction as the app within one store; commits at the end, rolls back on any error."""
        with transaction(self.app) as session:
            _enter_store(session, store_id=store_id)
            yield session

    @contextmanager
    def user_session(self, user_id: UUID) -> Iterator[Session]:
        """One transaction as the app for a signed-in user, outside any store."""
        with transaction(self.app) as session:
            session.execute(text("SELECT set_config('app.user_id', :who, true)"), {"who": str(user_id)})
            yield session

    @contextmanager
    def anonymous_session(self) -> Iterator[Session]:
        """One transaction as the app before a tenant is known: tenant tables look empty."""
        with transaction(self.app) as session:
            yield session

    @contextmanager
    def anonymous_connection(self) -> Iterator[Connection]:
        """A connection as the app before a tenant is known, for reading: each statement is a transaction by itself."""
        with self._single.connect() as connection:
            yield connection

    @contextmanager
    def owner_session(self) -> Iterator[Session]:
        """One transaction as the owner."""
        with transaction(self.owner) as session:
            yield session

    @contextmanager
    def worker_session(self) -> Iterator[Session]:
        """One transaction as the worker."""
        with transaction(self.worker) as session:
            yield session

    @contextmanager
    def pipelines_session(self) -> Iterator[Session]:
        """One transaction as the pipelines."""
        with transaction(self.pipelines) as session:
            yield session

    def dispose(self) -> None:
        """Close every pooled connection."""
        for name in ("owner", "app", "worker", "pipelines"):
            if name in self.__dict__:
                self.__dict__[name].dispose()

    @cached_property
    def _single(self) -> Engine:
        return self.app.execution_options(isolation_level="AUTOCOMMIT")

    def _engine(self, role: str, *, bypasses: bool) -> Engine:
        # With row_security off, a right that is missing raises instead of showing an empty table.
        guard = " -c row_security=off" if bypasses else ""
        engine = create_engine(
            sqlalchemy_url(self.url),
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            # The connection used last is used again: few stay warm, instead of all of them lukewarm.
            pool_use_lifo=True,
            connect_args={"options": f"-c role={role} -c timezone=UTC{guard}"},
        )
        event.listen(engine, "checkin", _note_rest)
        event.listen(engine, "checkout", _refuse_dead)
        return engine


def _note_rest(_: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _refuse_dead(connection: psycopg.Connection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    """Let the pool make new connections where this one's server is gone; asking each time costs a round trip.

    A server that ends, or that ends a connection, says so on the socket: a word there that nobody asked for.
    """
    rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
    watched = select.poll()
    try:
        watched.register(connection.fileno(), select.POLLIN)
        if rested <= TRUSTED_SECONDS and not watched.poll(0):
            return
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error as error:
        raise InvalidatePoolError() from error


def _enter_store(session: Session, *, store_id: UUID) -> None:
    """Begin the transaction and name its store in one round trip; the driver would take two."""
    driver = session.connection().connection.driver_connection
    assert driver is not None
    # UUID() again: what goes into a statement as text is a UUID whatever the caller has.
    answer = driver.pgconn.exec_(f"BEGIN; SELECT set_config('app.store_id', '{UUID(str(store_id))}', true)".encode())
    if answer.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(answer)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a session, commit it at the end of the block, roll it back on any error. Errors: OutsideMonths."""
    session = Session(engine, expire_on_commit=False)
    try:
        with named_refusal():
            yield session
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
