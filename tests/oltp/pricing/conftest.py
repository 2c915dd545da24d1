"""Prices are set on both kinds of databases: with the legacy columns and without them."""

from collections.abc import Iterator

import pytest

from oltp.db.session import Database
from tests.conftest import cloned_database


@pytest.fixture(scope="module", params=["contracted", "adopted"])
def shared(request: pytest.FixtureRequest, server_url: str, template: str) -> Iterator[Database]:
    """One database of each kind for a module; every test makes a store of its own."""
    chosen = template if request.param == "contracted" else request.getfixturevalue("adopted_template")
    with cloned_database(server_url, chosen) as database:
        yield database
