"""Fixtures of returns: one database for a module's tests, a shop of its own for each."""

from collections.abc import Iterator

import pytest

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.selling import Shop, open_shop


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database that the tests of a module share."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    """A shop of the test's own."""
    return open_shop(shared)
