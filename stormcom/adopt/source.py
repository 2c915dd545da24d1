"""The legacy database: how it is reached, what it has of the baseline, and what it has besides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from stormcom.adopt.errors import NotALegacyDatabase, SourceEncodingUnknown, SourceUnreachable, SourceUrlInvalid
from stormcom.adopt.tables import TABLES, Column, LegacyTable

# Parameters of the ORM in a URL that libpq does not know.
_ORM_ONLY = frozenset(
    {"schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size"}
)
# The text of a value must mean the same on both servers, and a long read must not be cut off.
_OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO -c extra_float_digits=3 -c statement_timeout=0 "
    "-c idle_in_transaction_session_timeout=0"
)
# By this name an adoption knows its own sessions.
APPLICATION = "stormcom adopt"


@dataclass(frozen=True)
class SourceTable:
    """A legacy table that is there: its physical name, and the physical names of the columns it has."""

    table: LegacyTable
    physical: str
    columns: dict[str, str]
    row_count: int
    has_key: bool

    @property
    def lacking(self) -> tuple[str, ...]:
        """Columns of the baseline that the source does not have."""
        return tuple(column.name for column in self.table.columns if column.name not in self.columns)


@dataclass(frozen=True)
class Inventory:
    """What the source has: its tables, the tables that may be missing and are, and what will be left out."""

    tables: tuple[SourceTable, ...]
    missing: tuple[str, ...]
    # table → rows, of tables that the baseline does not know; "table.column" → values, of such columns.
    left_out_tables: dict[str, int]
    left_out_columns: dict[str, int]

    def find(self, name: str) -> SourceTable | None:
        """Return the table that becomes the baseline's table `name`; None where it is missing."""
        return next((each for each in self.tables if each.table.name == name), None)


class Source:
    """The legacy database at a URL, as the shop's programs write it (parameters of the ORM are understood)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
            raise SourceUrlInvalid(source=url.rpartition("@")[2], field="source")
        given = parse_qsl(parts.query)
        self.schema = dict(given).get("schema", "public")
        kept = urlencode([pair for pair in given if pair[0] not in _ORM_ONLY])
        self._url = urlunsplit(parts._replace(query=kept))
        self.name = f"{parts.path.strip('/')} on {parts.hostname or dict(given).get('host', 'this machine')}"

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        """Open a session that sees the shop's schema. Errors: SourceUnreachable."""
        try:
            connection = psycopg.connect(
                self._url, autocommit=True, options=_OPTIONS, connect_timeout=15, application_name=APPLICATION)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SourceUnreachable(reason=reason) from error
        except psycopg.ProgrammingError as error:
            raise SourceUrlInvalid(source=self._url.rpartition("@")[2], field="source") from error
        with connection:
            connection.execute("SET client_encoding TO 'UTF8'")
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
            connection.autocommit = autocommit
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """Open a session in which every statement reads the same moment."""
        with self.connect() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection


def identity(connection: psycopg.Connection) -> tuple[int, str]:
    """Return which database this is, whatever the way to it: the cluster's identifier and the database's name."""
    row = connection.execute("SELECT system_identifier, current_database() FROM pg_control_system()").fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def take_inventory(connection: psycopg.Connection, source: Source) -> Inventory:
    """Look which tables and columns are there, and count. Errors: NotALegacyDatabase, SourceEncodingUnknown."""
    encoding = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if encoding is not None and encoding[0] == "SQL_ASCII":
        raise SourceEncodingUnknown(database=source.name, encoding=encoding[0])
    there = _read_columns(connection, source.schema)
    found, missing = [], []
    for table in TABLES:
        physical = next((name for name in table.legacy_names if name in there), None)
        if physical is not None:
            found.append(_match(connection, source, table, physical, there[physical]))
        elif table.is_optional:
            missing.append(table.name)
        else:
            raise NotALegacyDatabase(
                database=source.name, schema=source.schema, missing=f"table {table.legacy_names[0]}")
    known = {each.physical for each in found}
    return Inventory(
        tuple(found), tuple(missing),
        {name: _count(connection, name) for name in sorted(set(there) - known)},
        {f"{each.physical}.{name}": _count(connection, each.physical, name)
         for each in found for name in sorted(there[each.physical] - {"id", *each.columns.values()})},
    )


def _read_columns(connection: psycopg.Connection, schema: str) -> dict[str, set[str]]:
    rows = connection.execute("""
        SELECT c.relname, array_agg(a.attname::text) FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s) AND c.relkind IN ('r', 'p')
        GROUP BY 1""", (schema,))
    return {name: set(columns) for name, columns in rows}


def _match(
    connection: psycopg.Connection, source: Source, table: LegacyTable, physical: str, there: set[str]
) -> SourceTable:
    columns: dict[str, str] = {}
    for column in table.columns:
        name = next((name for name in column.legacy_names if name in there), None)
        if name is not None:
            columns[column.name] = name
        elif _is_needed(column):
            what = f"column {column.legacy_names[0]} in table {physical}"
            raise NotALegacyDatabase(database=source.name, schema=source.schema, missing=what)
    return SourceTable(table, physical, columns, _count(connection, physical), _has_key(connection, physical))


def _is_needed(column: Column) -> bool:
    return not column.is_nullable and column.default is None


def _count(connection: psycopg.Connection, table: str, column: str | None = None) -> int:
    what = sql.SQL("*") if column is None else sql.Identifier(column)
    row = connection.execute(sql.SQL("SELECT count({}) FROM {}").format(what, sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def _has_key(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("""
        SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = quote_ident(%s)::regclass AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL
            AND a.attname IN ('id', 'token'))""", (table,)).fetchone()
    assert row is not None
    return bool(row[0])
