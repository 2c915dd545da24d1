"""Sessions: who one is to the database, for exactly one transaction. The only place that commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from uuid import UUID

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from oltp.db.partitions import named_refusal


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
            session.execute(text("SELECT set_config('app.store_id', :store, true)"), {"store": str(store_id)})
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

    def _engine(self, role: str, *, bypasses: bool) -> Engine:
        # With row_security off, a right that is missing raises instead of showing an empty table.
        guard = " -c row_security=off" if bypasses else ""
        return create_engine(
            sqlalchemy_url(self.url),
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            pool_pre_ping=True,
            connect_args={"options": f"-c role={role} -c timezone=UTC{guard}"},
        )


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
