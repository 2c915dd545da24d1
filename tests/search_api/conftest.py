"""Fixtures of the counter: the application over a database of the test's own, and tokens for it."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from oltp.access.actions import create_token
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app

MakeToken = Callable[[UUID, Sequence[str]], str]


@pytest.fixture
def app(database: Database, clock: FixedClock) -> FastAPI:
    """The application, with the fixed clock and no real model."""
    return create_app(settings=Settings(encoder="hash", log_level="error"), database=database, clock=clock,
                      encoder=HashEncoder())


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


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries the token."""
    return {"Authorization": f"Bearer {token}"}
