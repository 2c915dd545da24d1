"""The lake's door: one DuckDB connection with the lake (DuckLake) and the shop's Postgres attached.

`Lake.transaction` is the only place that commits to the lake. DuckLake lets two first writers of one partition both
commit, so every writer holds an advisory lock for each thing it replaces, on a Postgres session of its own, for
as long as the lake transaction lasts.
"""

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars
import psycopg
import pyarrow
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from warehouse.layout import create_layout

_EXTENSIONS = (
    ("duckdb_extension_ducklake", "ducklake"),
    ("duckdb_extension_postgres_scanner", "postgres_scanner"),
)
# A lake transaction computes for minutes while its Postgres sessions wait; the server's timeouts must not cut them.
_NO_TIMEOUTS = (
    "-c idle_in_transaction_session_timeout=0 -c transaction_timeout=0 -c statement_timeout=0 -c timezone=UTC"
)
_AS_PIPELINES = "-c role=stormcom_pipelines -c row_security=off"


class LakeUnavailable(Exception):
    """The lake can't be opened or its lock session was lost; nothing was committed. The message says what to check."""


def extension_file(package: str, name: str) -> Path:
    """Path of a signed DuckDB extension shipped in a wheel; LakeUnavailable if the wheel is not installed."""
    found = importlib.util.find_spec(package)
    for root in (found.submodule_search_locations or []) if found else []:
        for path in Path(root).rglob(f"{name}.duckdb_extension"):
            return path
    raise LakeUnavailable(f"The DuckDB extension {name} is missing: install the package {package}.")


def quoted(text: str) -> str:
    """Text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def shop_conninfo(database_url: str) -> str:
    """libpq connection text of the shop's database, as the role that may read every tenant."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    before = str(conninfo_to_dict(url).get("options") or "")
    return make_conninfo(url, options=f"{before} {_AS_PIPELINES} {_NO_TIMEOUTS}".strip())


def catalogue_conninfo(database_url: str) -> str:
    """libpq connection text of the lake's catalogue: the database `<shop>_lake` of the same cluster."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    shop = conninfo_to_dict(url).get("dbname") or "postgres"
    return make_conninfo(url, dbname=f"{shop}_lake", options=_NO_TIMEOUTS, connect_timeout=10)


def ensure_catalogue(database_url: str) -> None:
    """Create the catalogue's database if it is missing. Only the owner may connect: the application has no way in."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    name = str(conninfo_to_dict(catalogue_conninfo(database_url))["dbname"])
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # another process was first
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


class Lake:
    """An open lake. Not thread-safe: one per run or thread. In SQL the lake is the default catalogue."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, locks: psycopg.Connection, shop: str) -> None:
        self._connection = connection
        self._locks = locks
        self._shop = shop
        self._is_inside = False

    @classmethod
    def open(
        cls,
        database_url: str,
        *,
        data_path: Path,
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> Self:
        """Attach the lake and the shop; makes what is missing. LakeUnavailable if Postgres is away."""
        data_path.mkdir(parents=True, exist_ok=True)
        connection = _connect(memory_limit, threads)
        try:
            ensure_catalogue(database_url)
            locks = psycopg.connect(catalogue_conninfo(database_url), autocommit=True)
            _attach(connection, database_url, data_path)
            lake = cls(connection, locks, shop_conninfo(database_url))
            with lake.transaction("layout"):
                create_layout(connection)
        except (psycopg.Error, duckdb.Error) as error:
            connection.close()
            if "DATA_PATH parameter" in str(error):
                raise LakeUnavailable(f"The lake's files are somewhere else than {data_path}: {error}") from error
            where = conninfo_to_dict(catalogue_conninfo(database_url))
            raise LakeUnavailable(
                f"The lake's catalogue (database {where['dbname']} at {where.get('host', 'localhost')}) can't be "
                f"reached: {str(error).strip()} Is Postgres running (stormcom doctor)?"
            ) from error
        return lake

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self, *locks: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One lake transaction; `locks` name what it replaces. Commits at the end, rolls back on any error."""
        if self._is_inside:
            raise RuntimeError("A lake transaction is already open on this connection.")
        with self._held(locks):
            self._connection.begin()
            self._is_inside = True
            try:
                yield self._connection
                self._require_locks()
                self._connection.commit()
            except BaseException:
                self._rollback()
                raise
            finally:
                self._is_inside = False

    def query(self, text: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a SELECT, outside or inside the current transaction."""
        return self._connection.execute(text, dict(parameters) if parameters else None).fetchall()

    def frame(self, text: str, parameters: Mapping[str, object] | None = None) -> polars.DataFrame:
        """Rows of a SELECT as a Polars frame; UUIDs come as text."""
        return self._connection.execute(text, dict(parameters) if parameters else None).pl()

    def arrow(self, text: str) -> pyarrow.Table:
        """Rows of a SELECT as an Arrow table, types kept."""
        return self._connection.execute(text).to_arrow_table()

    def snapshot_id(self) -> int:
        """The latest committed snapshot of the lake."""
        return int(self.query("SELECT id FROM ducklake_current_snapshot('lake')")[0][0])

    def maintain(self, call: str) -> None:
        """Run one of DuckLake's maintenance calls, which commit by themselves."""
        if self._is_inside:
            raise RuntimeError("Maintenance can't run inside a lake transaction.")
        self._connection.execute(call)

    def shop(self) -> psycopg.Connection:
        """A new session on the shop's Postgres, reading as the pipelines role; the caller closes it."""
        try:
            return psycopg.connect(self._shop, autocommit=True)
        except psycopg.Error as error:
            raise LakeUnavailable(f"The shop's database can't be reached: {str(error).strip()}.") from error

    def close(self) -> None:
        """Detach everything; advisory locks fall with their session."""
        self._connection.close()
        self._locks.close()

    @contextmanager
    def _held(self, locks: tuple[str, ...]) -> Iterator[None]:
        names = sorted(set(locks))  # one order for all, or two writers could wait for each other
        try:
            for name in names:
                self._locks.execute("SELECT pg_advisory_lock(hashtextextended('lake:' || %s, 0))", (name,))
            yield
        finally:
            if not self._locks.closed:
                for name in names:
                    self._locks.execute("SELECT pg_advisory_unlock(hashtextextended('lake:' || %s, 0))", (name,))

    def _require_locks(self) -> None:
        try:
            self._locks.execute("SELECT 1")
        except psycopg.Error as error:
            raise LakeUnavailable("The session that holds the lake's locks was lost; nothing was written.") from error

    def _rollback(self) -> None:
        try:
            self._connection.rollback()
        except duckdb.Error:
            # A broken catalogue session ends the transaction by itself; the first error is the one to show.
            return


def _connect(memory_limit: str | None, threads: int | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
    )
    for package, name in _EXTENSIONS:
        connection.execute(f"LOAD {quoted(str(extension_file(package, name)))}")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET temp_directory = {quoted(tempfile.gettempdir() + '/stormcom-spill')}")
    if memory_limit:
        connection.execute(f"SET memory_limit = {quoted(memory_limit)}")
    if threads:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, database_url: str, data_path: Path) -> None:
    catalogue = quoted(f"ducklake:postgres:{catalogue_conninfo(database_url)}")
    connection.execute(f"ATTACH {catalogue} AS lake (DATA_PATH {quoted(str(data_path))})")
    connection.execute(f"ATTACH {quoted(shop_conninfo(database_url))} AS shop (TYPE postgres, READ_ONLY)")
    connection.execute("USE lake")
