"""A merchant at the browser: signed in, with a store of their own behind a counter that others share."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from search_api.dashboard.session import COOKIE
from tests.search_api.conftest import Counter


@dataclass(frozen=True)
class Merchant:
    """A member of the organization of one store, and the browser that is signed in as them."""

    browser: TestClient
    store: UUID
    slug: str

    def page(self, query: str = "") -> str:
        """The text of the store's page."""
        return self.get(query).text

    def get(self, query: str = "") -> Any:
        """The answer to a request for the store's page."""
        return self.browser.get(f"/dashboard/{self.slug}{query}")


def open_shop(counter: Counter, slug: str) -> Merchant:
    """Create a store and sign a new member of its organization in."""
    store = counter.create_store(slug)
    app = counter.client.app
    assert isinstance(app, FastAPI)
    return Merchant(sign_in_member(TestClient(app), counter.database, store, name=slug), store, slug)


def sign_in_member(client: TestClient, database: Database, store: UUID, *, name: str = "m") -> TestClient:
    """Sign the client in as a new member of the store's organization, and return it."""
    secret = f"browser-secret-of-{name}"
    with database.owner_session() as session:
        session.execute(
            text(
                "WITH person AS (INSERT INTO users (email) VALUES (:email) RETURNING id), "
                "seat AS (INSERT INTO memberships (user_id, organization_id) SELECT person.id, organization_id "
                "FROM person, stores WHERE stores.id = :store) "
                "INSERT INTO sessions (session_token, user_id, expires) "
                "SELECT encode(sha256(:secret), 'hex'), id, now() + interval '1 hour' FROM person"
            ),
            {"store": store, "secret": secret.encode(), "email": f"{name}@example.test"},
        )
    client.cookies.set(COOKIE, secret)
    return client
