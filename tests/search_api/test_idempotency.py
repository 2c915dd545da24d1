"""Idempotency-Key over HTTP, on an application of two routes: one with one transaction, one with several."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Annotated
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient
from sqlalchemy import text

from search_api.dependencies import (
    Caller,
    OperationId,
    StoreSession,
    StoreTransactions,
    require,
)
from search_api.idempotency import KeyedRoute
from search_api.schemas import Body, Line
from tests.conftest import NOON, cloned_database, create_store
from tests.search_api.conftest import Counter, FixedClock, make_app

ADD = "INSERT INTO feature_flag (store_id, name) VALUES (:store, :name)"


class Flag(Body):
    name: Line


class Gate:
    """Stops a request in the middle of its work."""

    def __init__(self) -> None:
        self.is_closed, self.reached, self.opened = False, Event(), Event()

    def close(self) -> None:
        self.is_closed, self.reached, self.opened = True, Event(), Event()

    def pass_through(self) -> None:
        if self.is_closed:
            self.reached.set()
            assert self.opened.wait(10)


GATE = Gate()
router = APIRouter(route_class=KeyedRoute)
May = Annotated[Caller, Depends(require("cart.write"))]


@router.post("/v1/flags", status_code=201)
def post_flag(caller: May, session: StoreSession, flag: Flag) -> dict[str, str]:
    session.execute(text(ADD), {"store": caller.store_id, "name": flag.name})
    GATE.pass_through()
    return {"name": flag.name, "id": str(uuid4())}


@router.post("/v1/charges", status_code=201)
def post_charge(
    caller: May, transactions: StoreTransactions, operation: OperationId, flag: Flag, of: str | None = None,
) -> dict[str, str]:
    with transactions() as session:
        session.execute(text(ADD), {"store": caller.store_id, "name": flag.name})
    GATE.pass_through()
    return {"name": flag.name, "operation": str(operation)}


@pytest.fixture(scope="module")
def counter(server_url: str, template: str) -> Iterator[Counter]:
    clock = FixedClock(NOON)
    with cloned_database(server_url, template) as database:
        app = make_app(database, clock)
        app.include_router(router)
        with TestClient(app) as client:
            yield Counter(database, client, clock)


@pytest.fixture
def shop(counter: Counter) -> UUID:
    GATE.is_closed = False
    return create_store(counter.database, slug=f"shop-{uuid4().hex[:8]}")


def keyed(counter: Counter, shop: UUID, key: str = "k1") -> dict[str, str]:
    return {**counter.headers(shop, "cart.write"), "Idempotency-Key": key}


def flags(counter: Counter, shop: UUID) -> int:
    with counter.database.session_for(shop) as session:
        return session.scalar(text("SELECT count(*) FROM feature_flag"))


@pytest.mark.parametrize("path", ["/v1/flags", "/v1/charges"])
def test_a_post_sent_twice_is_done_once_and_answered_twice(counter: Counter, shop: UUID, path: str) -> None:
    headers = keyed(counter, shop)
    first = counter.client.post(path, json={"name": "a"}, headers=headers)
    second = counter.client.post(path, json={"name": "a"}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert flags(counter, shop) == 1


@pytest.mark.parametrize("path", ["/v1/flags", "/v1/charges"])
def test_the_key_of_another_body_is_refused(counter: Counter, shop: UUID, path: str) -> None:
    headers = keyed(counter, shop)
    counter.client.post(path, json={"name": "a"}, headers=headers)
    answer = counter.client.post(path, json={"name": "b"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert flags(counter, shop) == 1


@pytest.mark.parametrize("path", ["/v1/flags", "/v1/charges"])
def test_a_request_in_flight_is_answered_409_at_once(counter: Counter, shop: UUID, path: str) -> None:
    headers = keyed(counter, shop)
    GATE.close()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(counter.client.post, path, json={"name": "a"}, headers=headers)
        assert GATE.reached.wait(10)
        answer = counter.client.post(path, json={"name": "a"}, headers=headers)
        GATE.opened.set()
        assert running.result().status_code == 201
    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_flight")
    assert flags(counter, shop) == 1


def test_a_refused_request_may_be_repeated_with_its_key(counter: Counter, shop: UUID) -> None:
    headers = keyed(counter, shop)
    assert counter.client.post("/v1/flags", json={"name": "No Flag"}, headers=headers).status_code == 409
    assert counter.client.post("/v1/charges", json={"name": "No Flag"}, headers=headers).status_code == 409
    assert counter.client.post("/v1/flags", json={"name": "a"}, headers=headers).status_code == 201


def test_an_operation_keeps_its_id(counter: Counter, shop: UUID) -> None:
    with counter.database.session_for(shop) as session:
        session.execute(text("SELECT 1"))
    first = counter.client.post("/v1/charges", json={"name": "a"}, headers=keyed(counter, shop)).json()["operation"]
    with counter.database.session_for(shop) as session:
        session.execute(text("DELETE FROM idempotency_record"))
        session.execute(text("DELETE FROM feature_flag"))
    assert counter.client.post(
        "/v1/charges", json={"name": "a"}, headers=keyed(counter, shop)).json()["operation"] == first
    assert counter.client.post(
        "/v1/charges", json={"name": "b"}, headers=keyed(counter, shop, "k2")).json()["operation"] != first
    with counter.database.session_for(shop) as session:
        session.execute(text("UPDATE idempotency_record SET expires_at = created_at + interval '1 microsecond'"))
    assert counter.client.post(
        "/v1/charges?of=another", json={"name": "c"}, headers=keyed(counter, shop)).json()["operation"] != first


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_is_none_is_refused(counter: Counter, shop: UUID, key: str) -> None:
    headers = {**counter.headers(shop, "cart.write"), "Idempotency-Key": key.encode("latin-1").decode("latin-1")}
    answer = counter.client.post("/v1/flags", json={"name": "a"}, headers=httpx_headers(headers))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def httpx_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


@pytest.mark.race
def test_sixteen_workers_one_key(counter: Counter, shop: UUID) -> None:
    headers, workers = keyed(counter, shop), 16
    start = Barrier(workers)

    def send(_: int) -> tuple[int, bytes]:
        start.wait()
        answer = counter.client.post("/v1/flags", json={"name": "a"}, headers=headers)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(send, range(workers)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({content for status, content in answers if status == 201}) == 1
    assert flags(counter, shop) == 1
