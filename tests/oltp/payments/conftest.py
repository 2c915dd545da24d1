"""One database for the tests of payments, a shop with an account at a (faked) gateway for each."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway
from tests.conftest import cloned_database
from tests.selling import Shop, open_shop


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database for all tests of a module."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    """A shop of the test's own."""
    return open_shop(shared)


@pytest.fixture
def account(shop: Shop) -> UUID:
    """The shop's account with Stripe, for whom the fake gateway stands in."""
    return shop.gateway("STRIPE")


@pytest.fixture
def fake() -> FakeGateway:
    """The fake gateway."""
    return FakeGateway()


@pytest.fixture
def gateways(fake: FakeGateway) -> Gateways:
    """Gateways that move no money."""
    return Gateways.fake(fake)


@pytest.fixture
def transactions(shop: Shop) -> Transactions:
    """The shop's transactions."""
    return Transactions(shop.database, shop.store_id)
