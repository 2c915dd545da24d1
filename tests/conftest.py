"""Fixtures: one real Postgres per test process, migrated once; every test gets a clone of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from oltp.db.embedded import EmbeddedPostgres
from oltp.db.roles import prepare_database
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.schema import upgrade
from tests.lakes import KeptLake

ADMIN = "postgres"
IS_FULL = os.environ.get("STORMCOM_TEST_SCALE") == "full"
# Connections kept for one role: every worker of a race has one of its own, and none waits in the pool's queue.
CONNECTIONS = 64
# How often in a row a race is run.
RACES = 20 if IS_FULL else 1
# Invented cases per property; what a busy machine needs for one says nothing about the property.
hypothesis.settings.register_profile("stormcom", max_examples=500 if IS_FULL else 50, deadline=None)
hypothesis.settings.load_profile("stormcom")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat what is marked as a race: one that goes well once has proved little."""
    if RACES > 1 and metafunc.definition.get_closest_marker("race"):
        metafunc.fixturenames.append("_race")
        metafunc.parametrize("_race", range(RACES))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of an admin database: the embedded server's, or STORMCOM_TEST_DATABASE_URL."""
    given = os.environ.get("STORMCOM_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="stormcom-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "pg", durable=False)
        server.start()
        try:
            yield server.url(ADMIN)
        finally:
            server.stop()


def with_database(url: str, name: str) -> str:
    """Return `url` with another database name."""
    info = psycopg.conninfo.conninfo_to_dict(url)
    user, host, port = info.get("user", "postgres"), info.get("host", "localhost"), info.get("port", 5432)
    secret = f":{info['password']}" if info.get("password") else ""
    return f"postgresql://{user}{secret}@/{name}?host={host}&port={port}"


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create a database, as a clone of `template` if given, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        # Copying files takes a fifth of the processor time that Postgres's default takes, which logs every page.
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template or "template1")
            )
        )
    return with_database(server_url, name)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database and the lake's catalogue beside it."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        for each in (name, f"{name}_lake"):
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each))
            connection.execute(statement)


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a database migrated to the head, to clone from."""
    name = f"stormcom_template_{os.getpid()}"
    url = create_database(server_url, name)
    upgrade(url)
    with psycopg.connect(url) as connection:
        # The fixed clock's year has partitions whenever the tests run.
        connection.execute("SELECT ensure_event_partitions('2025-11-01', '2027-11-30')")
    yield name
    drop_database(server_url, name)


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """URL of an empty database with roles and extensions, for tests of the migrations themselves."""
    name = f"stormcom_empty_{uuid4().hex[:12]}"
    url = create_database(server_url, name)
    prepare_database(url)
    yield url
    drop_database(server_url, name)


@contextmanager
def cloned_database(server_url: str, template: str, *, connections: int = CONNECTIONS) -> Iterator[Database]:
    """A freshly migrated database of one's own; for fixtures of a module whose tests share what they read.

    A crowd asks for a connection each.
    """
    name = f"stormcom_test_{uuid4().hex[:12]}"
    url = create_database(server_url, name, template)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET timezone = 'UTC'").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL(
                "GRANT CONNECT, TEMPORARY ON DATABASE {} TO stormcom_owner, stormcom_app, stormcom_worker, "
                "stormcom_pipelines"
            ).format(sql.Identifier(name))
        )
    database = Database(url, pool_size=connections)
    try:
        yield database
    finally:
        database.dispose()
        drop_database(server_url, name)


@pytest.fixture
def database(server_url: str, template: str) -> Iterator[Database]:
    """A freshly migrated database of the test's own."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture(scope="session")
def adopted_template(server_url: str) -> Iterator[str]:
    """Name of a database at main@head, legacy columns and mirrors in place, to clone from."""
    name = f"stormcom_adopted_{os.getpid()}"
    url = create_database(server_url, name)
    upgrade(url, "main@head")
    with psycopg.connect(url) as connection:
        connection.execute("SELECT ensure_event_partitions('2025-11-01', '2027-11-30')")
    yield name
    drop_database(server_url, name)


@pytest.fixture
def adopted_database(server_url: str, adopted_template: str) -> Iterator[Database]:
    """A database of the test's own where legacy writers still write; see `adopted_store`."""
    with cloned_database(server_url, adopted_template) as database:
        yield database


@pytest.fixture
def adopted_store(adopted_database: Database) -> UUID:
    """The store `demo` of the adopted database: USD, every capability at `off`."""
    return create_store(adopted_database, slug="demo")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon UTC of a working day."""
    return FixedClock(NOON)


def create_store(
    database: Database, *, slug: str, currency: str = "USD", timezone: str = "America/New_York"
) -> UUID:
    """Create an organization and a store in it; returns the store's id."""
    with database.owner_session() as session:
        organization = session.scalar(
            text("INSERT INTO organizations (name, slug) VALUES (:slug, :slug) RETURNING id"), {"slug": slug}
        )
        store = session.scalar(
            text(
                "INSERT INTO stores (organization_id, name, slug, email, currency, timezone) VALUES "
                "(:organization, :slug, :slug, :email, :currency, :timezone) RETURNING id"
            ),
            {
                "organization": organization,
                "slug": slug,
                "email": f"{slug}@example.test",
                "currency": currency,
                "timezone": timezone,
            },
        )
    assert isinstance(store, UUID)
    return store


@pytest.fixture
def store(database: Database) -> UUID:
    """The store `demo`: USD, America/New_York."""
    return create_store(database, slug="demo")


@pytest.fixture
def other_store(database: Database) -> UUID:
    """A second tenant, whose rows nobody else may see."""
    return create_store(database, slug="other", currency="EUR", timezone="Europe/Berlin")


@pytest.fixture
def lake_dir(tmp_path: Path) -> Path:
    """A folder for the lake's files."""
    return tmp_path / "lake"


@pytest.fixture(scope="session")
def empty_lake(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> KeptLake:
    """An empty lake, to copy."""
    return KeptLake.of(with_database(server_url, template), tmp_path_factory.mktemp("empty-lake"))
