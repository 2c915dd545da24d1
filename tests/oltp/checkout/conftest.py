"""Fixtures of checkout: one database for a module's tests, each test in a shop of its own."""

from collections.abc import Iterator

import pytest

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.oltp.checkout.buying import Buyer
from tests.selling import Shop, open_shop


@pytest.fixture(scope="module")
def ground(server_url: str, template: str) -> Iterator[Database]:
    """The database that the tests of a module share."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(ground: Database) -> Shop:
    """A shop of the test's own."""
    return open_shop(ground)


@pytest.fixture
def buyer(shop: Shop) -> Buyer:
    """Somebody who buys there, by a fake gateway."""
    return Buyer(shop)
