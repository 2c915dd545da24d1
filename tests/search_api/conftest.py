"""Fixtures of the counter: the application over a database of the test's own or of the module's, and tokens for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from oltp.access.actions import create_token
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.secrets import SecretBox, new_key
from oltp.kit.settings import Settings
from oltp.payments.gateway import Gateways
from oltp.search.encoders import HashEncoder
from search_api.app import create_app
from tests.conftest import NOON, cloned_database, create_store

MakeToken = Callable[[UUID, Sequence[str]], str]


@pytest.fixture
def app(database: Database, clock: FixedClock) -> FastAPI:
    """The application, with the fixed clock and no real model."""
    return make_app(database, clock)


def make_app(database: Database, clock: FixedClock) -> FastAPI:
    """Return the application with a clock, no real model, and a gateway that moves no money."""
    return create_app(settings=Settings(encoder="hash", log_level="error"), database=database, clock=clock,
                      encoder=HashEncoder(), gateways=Gateways.fake(), box=SecretBox.of(new_key()))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of the application, with its background thread running."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def make_token(database: Database, clock: FixedClock) -> MakeToken:
    """Create a token of a store with some scopes; returns the plain token."""

    def make(store_id: UUID, scopes: Sequence[str]) -> str:
        with database.session_for(store_id) as session:
            return create_token(session, store_id=store_id, name="test", scopes=scopes, now=clock.now())

    return make


@dataclass(frozen=True)
class Counter:
    """An application that the tests of a module share. Whoever writes does so in a store that nobody else uses."""

    database: Database
    client: TestClient
    clock: FixedClock

    def create_store(self, slug: str | None = None) -> UUID:
        """Create a store: USD, America/New_York."""
        return create_store(self.database, slug=slug or f"shop-{uuid4().hex[:8]}")

    def headers(self, store_id: UUID, *scopes: str) -> dict[str, str]:
        """Return the header of a new token of the store with the scopes."""
        with self.database.session_for(store_id) as session:
            now = self.clock.now()
            return bearer(create_token(session, store_id=store_id, name="test", scopes=scopes, now=now))


@pytest.fixture(scope="module")
def counter(server_url: str, template: str) -> Iterator[Counter]:
    """One application and one database for a module's tests: a clone for each would cost more than the tests."""
    clock = FixedClock(NOON)
    with cloned_database(server_url, template) as database, TestClient(make_app(database, clock)) as client:
        yield Counter(database, client, clock)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries the token."""
    return {"Authorization": f"Bearer {token}"}
