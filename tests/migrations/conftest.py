"""A database as an adopted shop has it: every phase of the main line, no contract, all capabilities at `off`."""

import os
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from oltp.db.session import Database
from stormcom.schema import upgrade
from tests.conftest import cloned_database, create_database, create_store, drop_database


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
