"""Health: alive always, ready only with a migrated, reachable database that has a partition for now."""

from datetime import timedelta

from fastapi.testclient import TestClient

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.settings import Settings
from search_api.app import create_app


def test_alive_without_a_database(clock: FixedClock) -> None:
    database = Database("postgresql://nobody@/nowhere?host=/nonexistent")
    client = TestClient(create_app(settings=Settings(log_level="error"), database=database, clock=clock))
    assert client.get("/healthz").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["the database can't be reached"]


def test_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert answer.json()["missing"] == []


def test_another_schema_is_named(database: Database, clock: FixedClock) -> None:
    client = TestClient(create_app(
        settings=Settings(log_level="error"), database=database, clock=clock, expected_revision="9999"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "expected 9999" in answer.json()["missing"][0]


def test_a_missing_partition_is_named(client: TestClient, clock: FixedClock) -> None:
    clock.advance(timedelta(days=3 * 366))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["there is no event partition for 2029-11"]
