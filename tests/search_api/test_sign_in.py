"""Sign-in links: they work once, in one browser, for a while."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.access.actions import create_sign_in_link
from oltp.access.rules import hash_secret
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from search_api.dashboard.session import COOKIE

EMAIL = "merchant@example.test"


@pytest.fixture
def user(database: Database, store: UUID) -> UUID:
    """A user with a seat in the organization of the store `demo`."""
    with database.owner_session() as session:
        found: UUID = session.execute(
            text("INSERT INTO users (email) VALUES (:email) RETURNING id"), {"email": EMAIL}
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO memberships (user_id, organization_id) "
                "SELECT :who, organization_id FROM stores WHERE id = :store"
            ),
            {"who": found, "store": store},
        )
    return found


def _link(database: Database, *, now: datetime | None = None) -> str:
    # The database compares with its own clock, so links are made by the machine's.
    with database.owner_session() as session:
        return create_sign_in_link(session, email=EMAIL, now=now or SystemClock().now(), lifetime=timedelta(minutes=15))


@pytest.mark.usefixtures("user")
def test_a_link_signs_in(client: TestClient, database: Database) -> None:
    token = _link(database)
    page = client.get("/dashboard/sign-in", params={"token": token})
    assert page.status_code == 200
    assert f'value="{token}"' in page.text
    assert "autofocus" in page.text
    answer = client.post("/dashboard/sign-in", data={"token": token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/dashboard" in cookie
    assert client.get("/dashboard/demo").status_code == 200


@pytest.mark.usefixtures("user")
def test_looking_at_a_link_does_not_use_it_up(client: TestClient, database: Database) -> None:
    token = _link(database)
    for _ in range(3):
        client.get("/dashboard/sign-in", params={"token": token})
    assert client.post("/dashboard/sign-in", data={"token": token}, follow_redirects=False).status_code == 303


@pytest.mark.usefixtures("user")
def test_only_hashes_are_stored(client: TestClient, database: Database) -> None:
    token = _link(database)
    client.post("/dashboard/sign-in", data={"token": token})
    secret = client.cookies[COOKIE]
    with database.owner_session() as session:
        assert session.scalars(text("SELECT session_token FROM sessions")).all() == [hash_secret(secret)]


@pytest.mark.usefixtures("user")
def test_a_link_works_once(client: TestClient, database: Database) -> None:
    token = _link(database)
    assert client.post("/dashboard/sign-in", data={"token": token}, follow_redirects=False).status_code == 303
    again = client.post("/dashboard/sign-in", data={"token": token}, follow_redirects=False)
    assert again.status_code == 401
    assert "stormcom token sign-in" in again.text
    assert "stormcom up" in again.text
    assert "set-cookie" not in again.headers


@pytest.mark.usefixtures("user")
def test_an_expired_link_is_refused(client: TestClient, database: Database) -> None:
    token = _link(database, now=SystemClock().now() - timedelta(minutes=16))
    assert client.post("/dashboard/sign-in", data={"token": token}).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "' OR 1=1 --", "<script>alert(1)</script>"])
def test_a_wrong_link_is_refused(client: TestClient, token: str) -> None:
    answer = client.post("/dashboard/sign-in", data={"token": token})
    assert answer.status_code == 401
    page = client.get("/dashboard/sign-in", params={"token": token})
    assert "<script>" not in page.text


@pytest.mark.usefixtures("user")
def test_signing_out_ends_the_session_everywhere(client: TestClient, database: Database) -> None:
    client.post("/dashboard/sign-in", data={"token": _link(database)})
    secret = client.cookies[COOKIE]
    answer = client.post("/dashboard/sign-out")
    assert "You are signed out" in answer.text
    client.cookies.set(COOKIE, secret, path="/dashboard")
    assert client.get("/dashboard/demo").status_code == 401


@pytest.mark.usefixtures("user")
def test_an_ended_session_shows_nothing(client: TestClient, database: Database) -> None:
    client.post("/dashboard/sign-in", data={"token": _link(database)})
    with database.owner_session() as session:
        session.execute(text("UPDATE sessions SET expires = now() - interval '1 second'"))
    assert client.get("/dashboard/demo").status_code == 401


@pytest.mark.usefixtures("user")
def test_forms_of_other_sites_do_nothing(client: TestClient, database: Database) -> None:
    token = _link(database)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/dashboard/sign-in", data={"token": token}, headers=elsewhere).status_code == 403
    assert client.post("/dashboard/sign-in", data={"token": token}, follow_redirects=False).status_code == 303
    assert client.post("/dashboard/sign-out", headers=elsewhere).status_code == 403
    assert client.get("/dashboard/demo").status_code == 200
