"""The edge: ids taken or made, every failure a problem, one log line a request, timings that hurt nobody."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Conflict, Refusal, Unavailable
from oltp.kit.settings import Settings
from oltp.outbox.actions import NewEvent, record_events
from search_api.app import create_app
from search_api.dependencies import StoreSession
from search_api.errors import STATUS, status_of
from search_api.timing import TimingRecorder
from tests.search_api.conftest import MakeToken, bearer

NOWHERE = "postgresql://nobody@/nowhere?host=/nonexistent"


class StockGone(Conflict):
    """Only {left} are left."""


class Body(BaseModel):
    """Some body."""

    number: int


@pytest.fixture
def odd_app(app: FastAPI, store: UUID, clock: FixedClock) -> FastAPI:
    """The application with a few operations that fail, and one that records an event."""

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("could not read 'mail@example.test' of sc_secret\nbody: hush")

    @app.get("/refused")
    def refused() -> None:
        raise StockGone(left=3)

    @app.post("/echo")
    def echo(body: Body) -> Body:
        return body

    @app.post("/fact")
    def fact(session: StoreSession) -> str:
        event = NewEvent("product.updated", "product", uuid4(), {})
        return str(record_events(session, store_id=store, events=[event], occurred_at=clock.now())[0])

    return app


@pytest.fixture
def odd(odd_app: FastAPI) -> TestClient:
    """A client of that application, without its background thread."""
    return TestClient(odd_app)


def test_ids_are_taken_or_made(odd: TestClient) -> None:
    correlation = str(uuid4())
    given = odd.get("/healthz", headers={"X-Request-ID": "req-1", "X-Correlation-ID": correlation})
    assert (given.headers["X-Request-ID"], given.headers["X-Correlation-ID"]) == ("req-1", correlation)
    made = odd.get("/healthz", headers={"X-Request-ID": "a b\u00e9".encode(), "X-Correlation-ID": "x"})
    assert UUID(made.headers["X-Request-ID"]) and UUID(made.headers["X-Correlation-ID"])
    long = odd.get("/healthz", headers={"X-Request-ID": "x" * 129})
    assert long.headers["X-Request-ID"] != "x" * 129


def test_ids_reach_the_domain_event(odd: TestClient, database: Database, store: UUID, make_token: MakeToken) -> None:
    ids = {"X-Request-ID": "checkout-7", "X-Correlation-ID": str(uuid4())}
    answer = odd.post("/fact", headers={**bearer(make_token(store, ["event.write"])), **ids})
    assert answer.status_code == 200, answer.text
    with database.session_for(store) as session:
        row = session.execute(text("SELECT id, request_id, correlation_id FROM domain_event")).one()
    assert (str(row.id), row.request_id, str(row.correlation_id)) == (answer.json(), *ids.values())


def problem_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check an answer's form and return it."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:stormcom:problem:{code}" and body["title"] and body["detail"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return body


def test_every_failure_is_a_problem(odd: TestClient) -> None:
    assert problem_of(odd.get("/refused"), 409, "stock_gone")["detail"] == "Only 3 are left."
    problem_of(odd.get("/nothing/here"), 404, "not_found")
    wrong_method = odd.delete("/healthz")
    problem_of(wrong_method, 405, "method_not_allowed")
    assert wrong_method.headers["Allow"] == "GET"
    problem_of(odd.get("/v1/products"), 401, "token_missing")
    broken = odd.post("/echo", content=b'{"number": ', headers={"Content-Type": "application/json"})
    assert "position 11" in problem_of(broken, 400, "invalid_json")["detail"]
    fields = problem_of(odd.post("/echo", json={"number": "secret"}), 422, "invalid_request")
    assert fields["errors"] == [{"field": "body.number", "message": fields["errors"][0]["message"]}]
    assert "secret" not in json.dumps(fields)
    problem_of(odd.post("/echo", content=b" " * 1_100_000), 413, "content_too_large")


def test_a_crash_tells_nothing(odd: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = odd.get("/boom")
    problem_of(answer, 500, "internal_error")
    logged = capsys.readouterr().err
    for secret in ("mail@example.test", "sc_secret", "hush"):
        assert secret not in answer.text and secret not in logged
    entry = json.loads(logged.splitlines()[0])
    assert entry["error"] == "RuntimeError" and "could not read" in entry["message"]
    assert entry["request_id"] == answer.headers["X-Request-ID"]
    assert any("in boom" in frame or frame.endswith(" boom") for frame in entry["frames"])


def test_a_database_away_is_503(clock: FixedClock) -> None:
    client = TestClient(create_app(settings=Settings(log_level="error"), database=Database(NOWHERE), clock=clock))
    answer = client.get("/v1/products", headers=bearer("sc_x"))
    problem_of(answer, 503, "database_unavailable")
    assert "nowhere" not in answer.text and answer.headers["Retry-After"]


def test_kinds_and_statuses() -> None:
    assert status_of(StockGone(left=1)) == 409
    assert status_of(Unavailable()) == 503
    kinds = [kind for kind in Refusal.__subclasses__() if kind.__module__ == "oltp.kit.errors"]
    assert kinds and all(kind in STATUS for kind in kinds)


def test_one_log_line_without_secrets(database: Database, clock: FixedClock, store: UUID, make_token: MakeToken,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    client = TestClient(create_app(settings=Settings(log_level="info"), database=database, clock=clock))
    token = make_token(store, ["event.write", "product.read"])
    event = {"name": "identify", "visitor_id": "v-private", "customer_email": "ann@example.test",
             "occurred_at": "2026-11-24T11:00:00Z"}
    client.post("/v1/events", json={"events": [event]}, headers=bearer(token))
    client.get("/v1/products?category=ann@example.test&limit=5&mail=ann@example.test", headers=bearer(token))
    logged = capsys.readouterr().err
    first, second = [json.loads(line) for line in logged.splitlines()]
    assert (first["route"], first["method"], first["status"]) == ("/v1/events", "POST", 202)
    assert second["filters"] == ["category"] and second["store_id"] == str(store)
    assert {"at", "request_id", "correlation_id", "duration_us", "level"} <= second.keys()
    for secret in (token, "ann@example.test", "v-private"):
        assert secret not in logged


def stored_timings(database: Database) -> list[Any]:
    """All timing rows, oldest first."""
    with database.owner_session() as session:
        return list(session.execute(text("SELECT * FROM request_timing ORDER BY id")))


def test_timings_are_written(app: FastAPI, database: Database, store: UUID, make_token: MakeToken,
                             clock: FixedClock) -> None:
    headers = bearer(make_token(store, ["product.read"]))
    with TestClient(app) as client:
        client.get("/healthz", headers={"X-Request-ID": "r1"})
        client.get("/v1/products?category=a&brand=b&limit=1", headers=headers)
        client.get("/secret/ann@example.test")
        client.request("BREW", "/healthz")
        client.get("/v1/products", headers=bearer("wrong"))
    rows = stored_timings(database)  # leaving the client has shut the application down, which flushes
    assert [(row.route, row.method, row.status) for row in rows] == [
        ("/healthz", "GET", 200), ("/v1/products", "GET", 200), ("(unmatched)", "GET", 404), ("/healthz", "OTHER", 405),
        ("/v1/products", "GET", 401)]
    assert [row.store_id for row in rows] == [None, store, None, None, None]
    assert [row.filter_flags for row in rows] == [[], ["brand", "category"], [], [], []]
    assert rows[0].request_id == "r1" and UUID(rows[0].correlation_id) and rows[0].occurred_at == clock.now()
    assert all(0 < row.duration_us < 60_000_000 for row in rows)


def record(timings: TimingRecorder, count: int, occurred_at: datetime) -> None:
    """Record some timings."""
    for number in range(count):
        timings.record(store_id=None, route="/x", method="GET", status=200, duration_us=number, filter_flags=[],
                       request_id="r", correlation_id="c", occurred_at=occurred_at)


def test_a_full_queue_drops_and_counts(database: Database, clock: FixedClock) -> None:
    timings = TimingRecorder(database, capacity=700)
    record(timings, 705, clock.now())
    assert (timings.dropped_count, timings.waiting_count) == (5, 700)
    timings.flush()
    assert timings.waiting_count == 0 and len(stored_timings(database)) == 700


def test_an_outage_costs_timings_only(clock: FixedClock) -> None:
    app = create_app(settings=Settings(log_level="error"), database=Database(NOWHERE), clock=clock)
    timings: TimingRecorder = app.state.timings
    with TestClient(app) as client:
        for _ in range(5):
            assert client.get("/healthz").status_code == 200
        timings.flush()
        details: Callable[[], Any] = lambda: client.get("/readyz").json()["details"]  # noqa: E731
        assert details()["timings_dropped"] == 5
