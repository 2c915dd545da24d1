"""Dashboard: text stays text, nothing comes from elsewhere, only what is listed is served."""

import re
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from oltp.catalog.models import Product
from oltp.insights.models import ProductSalesWindow
from search_api.dashboard.bundle import bundle_path
from tests.search_api.conftest import Counter
from tests.search_api.merchants import Merchant, open_shop
from tests.search_api.published import day_row, publish_days
from tests.search_api.showcase import publish_showcase

LAST = date(2026, 11, 24)
TAKEN_AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & \"Sons\""


@pytest.fixture(scope="module")
def merchant(counter: Counter) -> Merchant:
    """The merchant of the store `demo`, which has published 120 days. Its tests only look."""
    merchant = open_shop(counter, "demo")
    publish_showcase(counter.database, merchant.store, last_on=LAST, taken_at=TAKEN_AT, days_count=120)
    return merchant


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
def test_a_wrong_choice_is_named_and_left_out(merchant: Merchant, query: str) -> None:
    answer = merchant.get(f"?{query}")
    is_wrong = query != "range="
    assert answer.status_code == (422 if is_wrong else 200)
    assert ('role="alert"' in answer.text) is is_wrong
    assert "27 Aug – 24 Nov 2026" in answer.text
    assert "<script>" not in answer.text.replace('<script type="application/json"', "")


def test_names_are_text_not_markup(counter: Counter) -> None:
    merchant, database = open_shop(counter, "nasty"), counter.database
    store = merchant.store
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET name = :name WHERE id = :store"), {"name": NASTY, "store": store})
    assert "<script>alert" not in merchant.page()
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
    page = merchant.page()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;Sons&#34;") >= 3
    assert "&lt;/td&gt;" in page


def test_the_policy_lets_nothing_in(merchant: Merchant) -> None:
    answer = merchant.get()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"\son\w+=|\sstyle=|<script(?![^>]*(src=|application/json))", answer.text)
    assert "http://" not in re.sub(
        r"<script type=.application/json.*?</script>|http://www.w3.org", "", answer.text, flags=re.S
    )


def test_the_chart_library_is_served_from_here_and_kept(counter: Counter) -> None:
    answer = counter.client.get(bundle_path(), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert "vegaEmbed" in answer.text
    again = counter.client.get(bundle_path(), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = counter.client.get(bundle_path(), headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text


@pytest.mark.parametrize("name", ["endpoints.py", "..%2Fendpoints.py", "vega-1.js", "dashboard.map"])
def test_only_what_is_listed_is_served(counter: Counter, name: str) -> None:
    assert counter.client.get(f"/dashboard/static/{name}").status_code == 404


def test_style_and_script_are_served(counter: Counter) -> None:
    for name, kind in (
        ("dashboard.css", "text/css"),
        ("dashboard.js", "text/javascript"),
        ("mark.svg", "image/svg+xml"),
    ):
        answer = counter.client.get(f"/dashboard/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
