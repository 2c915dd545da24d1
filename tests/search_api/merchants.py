"""A browser that is signed in."""

from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from search_api.dashboard.session import COOKIE


def sign_in_member(client: TestClient, database: Database, store: UUID) -> TestClient:
    """Sign the client in as a new member of the store's organization, and return it."""
    secret = "browser-secret"
    with database.owner_session() as session:
        session.execute(
            text(
                "WITH person AS (INSERT INTO users (email) VALUES ('m@example.test') RETURNING id), "
                "seat AS (INSERT INTO memberships (user_id, organization_id) SELECT person.id, organization_id "
                "FROM person, stores WHERE stores.id = :store) "
                "INSERT INTO sessions (session_token, user_id, expires) "
                "SELECT encode(sha256(:secret), 'hex'), id, now() + interval '1 hour' FROM person"
            ),
            {"store": store, "secret": secret.encode()},
        )
    client.cookies.set(COOKIE, secret)
    return client
