"""Access at the counter: every operation demands its scope, and says so; the store comes from the token."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.access.actions import create_token
from oltp.access.rules import SCOPES
from oltp.db.session import Database
from search_api.dependencies import get_session
from tests.search_api.conftest import Counter, MakeToken, bearer

# Everything that may be asked without an API token, and why.
OPEN_PATHS = {"/healthz": "tells nothing", "/readyz": "tells nothing of a store", "/docs": "public",
              "/openapi.json": "public", "/v1/payment-callbacks/{callback_key}": "the provider signs it"}
# The dashboard is for signed-in people, not for tokens; its own tests hold its door.
COOKIE_PATHS = "/dashboard"


@pytest.fixture(scope="module")
def database(counter: Counter) -> Database:
    """The database that the tests of this module share, each in a store of its own."""
    return counter.database


@pytest.fixture(scope="module")
def client(counter: Counter) -> TestClient:
    """A client of the application that the tests share."""
    return counter.client


@pytest.fixture
def store(counter: Counter) -> UUID:
    """The store of one test."""
    return counter.create_store()


@pytest.fixture(scope="module")
def app(counter: Counter) -> FastAPI:
    """The application that the tests of this module share."""
    app = counter.client.app
    assert isinstance(app, FastAPI)
    return app


def operations(app: FastAPI) -> list[tuple[str, str, str | None]]:
    """Every operation of the OpenAPI document as (method, path, scope)."""
    return [(method, path, operation.get("x-permission"))
            for path, methods in app.openapi()["paths"].items() for method, operation in methods.items()]


def call(client: TestClient, method: str, path: str, token: str | None) -> Any:
    """Call an operation with nothing but a token."""
    for name in ("kind", "slug"):
        path = path.replace("{" + name + "}", "similar")
    return client.request(method, path, headers=bearer(token) if token else {})


def test_every_operation_demands_a_scope_or_is_open(app: FastAPI) -> None:
    listed = operations(app)
    assert {"/v1/events", "/v1/products"} <= {path for _, path, _ in listed}
    for method, path, scope in listed:
        assert scope in SCOPES or path in OPEN_PATHS, f"{method} {path} demands no scope"


def test_no_route_escapes_the_document(app: FastAPI) -> None:
    documented = {path for _, path, _ in operations(app)}
    for context in iter_route_contexts(app.routes):
        path = str(context.path)
        assert path in documented or path in OPEN_PATHS or path.startswith((COOKIE_PATHS, "/docs")), path


def test_without_a_token_and_without_the_scope(app: FastAPI, client: TestClient, store: UUID,
                                               make_token: MakeToken) -> None:
    tokens = {scope: make_token(store, [other for other in SCOPES if other != scope]) for scope in SCOPES}
    for method, path, scope in operations(app):
        if scope is None:
            continue
        for wrong in (None, "sc_unknown"):
            answer = call(client, method, path, wrong)
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
        answer = call(client, method, path, tokens[scope])
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), f"{method} {path}"
        assert scope in answer.json()["detail"]


def test_each_operation_documents_its_errors(app: FastAPI) -> None:
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "x-permission" in operation:
                assert {"400", "401", "403", "422", "503"} <= operation["responses"].keys(), f"{method} {path}"
                assert operation["security"] == [{"bearer": []}]
    assert "HTTPValidationError" not in str(document)


def test_the_transaction_ends_before_the_answer(app: FastAPI) -> None:
    """With FastAPI's default scope a commit that fails would already have been answered with success."""
    seen = 0

    def check(dependant: Any, path: str) -> None:
        nonlocal seen
        for child in dependant.dependencies:
            if child.call is get_session:
                seen += 1
                assert child.scope == "function", path
            check(child, path)

    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            check(context.original_route.dependant, context.original_route.path)
    assert seen >= 2


@pytest.mark.parametrize("change", [
    "UPDATE api_token SET revoked_at = now()", "UPDATE api_token SET expires_at = now() - interval '1 second'",
    "UPDATE stores SET deleted_at = now()", "DELETE FROM api_token"])
def test_a_token_ends(client: TestClient, database: Database, store: UUID, make_token: MakeToken, change: str) -> None:
    token = make_token(store, ["product.read"])
    assert client.get("/v1/products", headers=bearer(token)).status_code == 200
    with database.owner_session() as session:
        session.execute(text(change))
    assert client.get("/v1/products", headers=bearer(token)).json()["code"] == "token_unknown"


def test_strange_authorization_headers(client: TestClient) -> None:
    for value in ("", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer " + "x" * 5000, "Bearer \u00e9",
                  "Bearer ' OR 1=1 --"):
        answer = client.get("/v1/products", headers={"Authorization": value.encode("latin-1")})
        assert answer.status_code == 401, value


def test_a_token_expires_in_its_time(database: Database, client: TestClient, store: UUID) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with database.session_for(store) as session:
        token = create_token(session, store_id=store, name="t", scopes=["product.read"], expires_at=later, now=later)
    assert client.get("/v1/products", headers=bearer(token)).status_code == 200
