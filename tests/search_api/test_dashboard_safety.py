"""Dashboard: text stays text, nothing comes from elsewhere, only what is listed is served."""

import re
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from oltp.catalog.models import Product
from oltp.db.session import Database
from oltp.insights.models import ProductSalesWindow
from search_api.dashboard.bundle import bundle_path
from tests.search_api.merchants import sign_in_member
from tests.search_api.published import day_row, publish_days
from tests.search_api.showcase import publish_showcase

LAST = date(2026, 11, 24)
TAKEN_AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & \"Sons\""


@pytest.fixture
def merchant(client: TestClient, database: Database, store: UUID) -> TestClient:
    """A browser that is signed in as a member of the organization of the store `demo`."""
    return sign_in_member(client, database, store)


@pytest.fixture
def showcase(database: Database, store: UUID) -> None:
    """Published rows of 120 days for the store `demo`."""
    publish_showcase(database, store, last_on=LAST, taken_at=TAKEN_AT, days_count=120)


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-02-30",
        "from=2026-03-02&to=2026-03-01",
        "range=7",
        "view=cash",
        "model=<script>",
        "range=",
    ],
)
@pytest.mark.usefixtures("showcase")
def test_a_wrong_choice_is_named_and_left_out(merchant: TestClient, query: str) -> None:
    answer = merchant.get(f"/dashboard/demo?{query}")
    is_wrong = query != "range="
    assert answer.status_code == (422 if is_wrong else 200)
    assert ('role="alert"' in answer.text) is is_wrong
    assert "27 Aug – 24 Nov 2026" in answer.text
    assert "<script>" not in answer.text.replace('<script type="application/json"', "")


def test_names_are_text_not_markup(merchant: TestClient, database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET name = :name WHERE id = :store"), {"name": NASTY, "store": store})
    assert "<script>alert" not in merchant.get("/dashboard/demo").text
    publish_days(database, [day_row(store, LAST)], taken_at=TAKEN_AT)
    product = uuid4()
    with database.session_for(store) as session:
        session.execute(
            insert(Product),
            {
                "id": product,
                "store_id": store,
                "name": NASTY,
                "slug": "x",
                "sku": "x",
                "images": "[]",
                "price_amount": 1,
                "currency": "USD",
            },
        )
    with database.pipelines_session() as session:
        session.execute(
            insert(ProductSalesWindow),
            {
                "store_id": store,
                "window_days": 90,
                "rank": 1,
                "product_id": product,
                "sku": "</td>",
                "name": NASTY,
                "units_count": 1,
                "gross_sales_amount": 1,
                "currency": "USD",
                "starts_on": LAST,
                "ends_on": LAST,
                "horizon": 1,
            },
        )
    page = merchant.get("/dashboard/demo").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;Sons&#34;") >= 3
    assert "&lt;/td&gt;" in page


@pytest.mark.usefixtures("showcase")
def test_the_policy_lets_nothing_in(merchant: TestClient) -> None:
    answer = merchant.get("/dashboard/demo")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"\son\w+=|\sstyle=|<script(?![^>]*(src=|application/json))", answer.text)
    assert "http://" not in re.sub(
        r"<script type=.application/json.*?</script>|http://www.w3.org", "", answer.text, flags=re.S
    )


def test_the_chart_library_is_served_from_here_and_kept(client: TestClient) -> None:
    answer = client.get(bundle_path(), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert "vegaEmbed" in answer.text
    again = client.get(bundle_path(), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = client.get(bundle_path(), headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text


@pytest.mark.parametrize("name", ["endpoints.py", "..%2Fendpoints.py", "vega-1.js", "dashboard.map"])
def test_only_what_is_listed_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/dashboard/static/{name}").status_code == 404


def test_style_and_script_are_served(client: TestClient) -> None:
    for name, kind in (
        ("dashboard.css", "text/css"),
        ("dashboard.js", "text/javascript"),
        ("mark.svg", "image/svg+xml"),
    ):
        answer = client.get(f"/dashboard/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
