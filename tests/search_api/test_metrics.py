"""Metrics endpoints: windows, quotients, pages, refusals, isolation, a constant number of queries."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from oltp.db.session import Database
from oltp.insights.models import CohortMetrics, OrderAttribution
from tests.search_api.conftest import Counter, MakeToken, bearer
from tests.search_api.published import cohort_row, credit_row, day_row, publish_days
from tests.statements import statements

TAKEN_AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
LAST = date(2011, 12, 9)


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


@pytest.fixture
def other_store(counter: Counter) -> UUID:
    """A second store, of which the first must see nothing."""
    return counter.create_store()


@pytest.fixture
def headers(store: UUID, make_token: MakeToken) -> dict[str, str]:
    """Header of a token that may view the analytics of the store `demo`."""
    return bearer(make_token(store, ["analytics.view"]))


@pytest.fixture
def published(database: Database, store: UUID) -> None:
    """120 days up to a day long past, each with 10.00 gross, 1.00 off and day-of-month orders."""
    rows = []
    for back in range(120):
        day = LAST - timedelta(back)
        rows.append(
            day_row(
                store,
                day,
                gross_sales_amount=1000,
                discounts_amount=100,
                orders_count=day.day,
                sessions_count=30,
                converted_sessions_count=1,
            )
        )
    publish_days(database, rows, taken_at=TAKEN_AT)


@pytest.mark.usefixtures("published")
def test_the_default_window_ends_at_the_last_published_day(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/v1/metrics/daily", headers=headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["from"], body["to"]) == ("2011-09-11", "2011-12-09")
    assert len(body["items"]) == 90
    assert body["items"][-1]["day"] == "2011-12-09"
    assert body["timezone"] == "America/New_York"
    assert body["complete_through"] == {"daily_store_metrics": "2026-11-24T11:30:00Z"}
    assert body["definitions"] is None
    assert body["next"] is None


@pytest.mark.usefixtures("published")
def test_money_counts_and_quotients(client: TestClient, headers: dict[str, str]) -> None:
    query = "from=2011-12-07&to=2011-12-07&metrics=orders,gross_sales,average_order_value,conversion_rate"
    (day,) = client.get(f"/v1/metrics/daily?{query}", headers=headers).json()["items"]
    assert day == {
        "day": "2011-12-07",
        "metrics": {
            "gross_sales": {"amount": 1000, "currency": "USD"},
            "orders": 7,
            "average_order_value": {
                "numerator": {"amount": 900, "currency": "USD"},
                "denominator": 7,
                "value": {"amount": 129, "currency": "USD"},
            },
            "conversion_rate": {"numerator": 1, "denominator": 30, "value": 0.033333},
        },
    }


def test_a_quotient_without_a_basis_is_null(
    client: TestClient, headers: dict[str, str], database: Database, store: UUID
) -> None:
    publish_days(database, [day_row(store, LAST)], taken_at=TAKEN_AT)
    (day,) = client.get("/v1/metrics/daily?metrics=average_order_value", headers=headers).json()["items"]
    assert day["metrics"]["average_order_value"] == {
        "numerator": {"amount": 0, "currency": "USD"},
        "denominator": 0,
        "value": None,
    }


@pytest.mark.usefixtures("published")
def test_pages_of_days_meet_without_gap_or_overlap(client: TestClient, headers: dict[str, str]) -> None:
    seen: list[str] = []
    cursor, pages = "", 0
    while cursor is not None:
        body = client.get(
            "/v1/metrics/daily",
            headers=headers,
            params={"limit": 40, "metrics": "orders"} | ({"cursor": cursor} if cursor else {}),
        ).json()
        seen += [item["day"] for item in body["items"]]
        cursor, pages = body["next"], pages + 1
    assert pages == 3
    assert seen == [(date(2011, 9, 11) + timedelta(n)).isoformat() for n in range(90)]


@pytest.mark.usefixtures("published")
def test_definitions_come_on_demand(client: TestClient, headers: dict[str, str]) -> None:
    body = client.get("/v1/metrics/daily?metrics=net_sales&definitions=true", headers=headers).json()
    assert set(body["definitions"]) == {"net_sales"}
    assert body["definitions"]["net_sales"]["sentence"].startswith("Gross sales less discounts")
    cohorts = client.get("/v1/metrics/cohorts?definitions=true", headers=headers).json()
    assert "retention_rate" in cohorts["definitions"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("daily?from=yesterday", "query.from"),
        ("daily?to=2026-02-30", "query.to"),
        ("daily?from=2026-03-02&to=2026-03-01", "query.from"),
        ("daily?metrics=orders,profit", "query.metrics"),
        ("daily?limit=401", "query.limit"),
        ("cohorts?grain=year", "query.grain"),
        ("attribution?model=shapley", "query.model"),
        ("attribution?from=2026-03-02&to=2026-03-01", "query.from"),
    ],
)
def test_bad_parameters_are_named(client: TestClient, headers: dict[str, str], path: str, field: str) -> None:
    answer = client.get(f"/v1/metrics/{path}", headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJub3QtYS1kYXkiXQ", "WyIyMDI2LTAxLTAxIiwgIngiXQ"])
def test_a_foreign_cursor_is_refused(client: TestClient, headers: dict[str, str], cursor: str) -> None:
    answer = client.get("/v1/metrics/daily", params={"cursor": cursor}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize("path", ["daily", "cohorts", "attribution"])
def test_the_scope_is_demanded(client: TestClient, store: UUID, make_token: MakeToken, path: str) -> None:
    assert client.get(f"/v1/metrics/{path}").status_code == 401
    weak = bearer(make_token(store, ["product.read"]))
    assert client.get(f"/v1/metrics/{path}", headers=weak).status_code == 403


@pytest.mark.parametrize("path", ["daily", "cohorts", "attribution"])
def test_before_the_first_publication_there_is_nothing(client: TestClient, headers: dict[str, str], path: str) -> None:
    body = client.get(f"/v1/metrics/{path}", headers=headers).json()
    assert body["items"] == []
    assert body["complete_through"] == {}


def test_cohorts_keep_the_future_null(
    client: TestClient, headers: dict[str, str], database: Database, store: UUID
) -> None:
    with database.pipelines_session() as session:
        session.execute(
            insert(CohortMetrics),
            [
                cohort_row(store, date(2026, 9, 1), 0, 8, 8),
                cohort_row(store, date(2026, 9, 1), 1, 8, 2),
                cohort_row(store, date(2026, 10, 1), 0, 3, 3),
                cohort_row(store, date(2026, 10, 1), 1, 3, None),
            ],
        )
    first, second = client.get("/v1/metrics/cohorts", headers=headers).json()["items"]
    assert (first["cohort_on"], first["cohort_size"]) == ("2026-09-01", 8)
    assert first["periods"][1]["retention_rate"] == {"numerator": 2, "denominator": 8, "value": 0.25}
    assert first["periods"][1]["lifetime_value"]["value"] == {"amount": 250, "currency": "USD"}
    assert set(second["periods"][1].values()) == {1, None}
    page = client.get("/v1/metrics/cohorts?limit=1", headers=headers).json()
    assert [item["cohort_on"] for item in page["items"]] == ["2026-09-01"]
    rest = client.get("/v1/metrics/cohorts", params={"limit": 1, "cursor": page["next"]}, headers=headers).json()
    assert [item["cohort_on"] for item in rest["items"]] == ["2026-10-01"]
    assert rest["next"] is None


def test_attribution_adds_up_by_channel_and_source(
    client: TestClient, headers: dict[str, str], database: Database, store: UUID
) -> None:
    one, two = uuid4(), uuid4()
    day = date(2026, 11, 1)
    with database.pipelines_session() as session:
        session.execute(
            insert(OrderAttribution),
            [
                credit_row(store, one, day, "Email", 400, model="linear", source="newsletter"),
                credit_row(store, one, day, "Email", 300, model="linear", source="newsletter", ordinal=2),
                credit_row(store, one, day, "Direct", 300, model="linear", source="(direct)", ordinal=3),
                credit_row(store, two, day, "unattributed", 55, model="linear"),
                credit_row(store, one, day, "Email", 1000, model="last", source="newsletter"),
                credit_row(store, uuid4(), day - timedelta(60), "Email", 9, model="linear"),
            ],
        )
    body = client.get("/v1/metrics/attribution?model=linear&from=2026-10-15&to=2026-11-15", headers=headers).json()
    found = {
        (item["channel"], item["source"]): (item["attributed_revenue"]["amount"], item["orders"])
        for item in body["items"]
    }
    assert found == {
        ("Direct", "(direct)"): (300, 1),
        ("Email", "newsletter"): (700, 1),
        ("unattributed", None): (55, 1),
    }
    assert body["attributed_revenue"] == {"amount": 1055, "currency": "USD"}
    assert body["orders"] == 2
    pages: list[Any] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"model": "linear", "from": "2026-10-15", "to": "2026-11-15", "limit": "1"} | (
            {"cursor": cursor} if cursor else {}
        )
        page = client.get("/v1/metrics/attribution", params=params, headers=headers).json()
        pages += page["items"]
        cursor = page["next"]
    assert pages == body["items"]
    assert cursor is None


@pytest.mark.usefixtures("published")
def test_another_stores_token_sees_nothing(client: TestClient, other_store: UUID, make_token: MakeToken) -> None:
    strange = bearer(make_token(other_store, ["analytics.view"]))
    assert client.get("/v1/metrics/daily?from=2011-01-01&to=2011-12-31", headers=strange).json()["items"] == []


@pytest.mark.usefixtures("published")
def test_a_page_costs_the_same_however_long(client: TestClient, headers: dict[str, str], database: Database) -> None:
    def cost(path: str) -> int:
        with statements(database) as sent:
            client.get(path, headers=headers)
        return len(sent)

    assert cost("/v1/metrics/daily?limit=1") == cost("/v1/metrics/daily?limit=400&from=2011-01-01") <= 8
