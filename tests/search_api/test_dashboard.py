"""Dashboard: what a merchant sees of their stores, and nobody else does."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert, text

from oltp.catalog.models import Product
from oltp.db.session import Database
from oltp.insights.models import ProductSalesWindow
from oltp.kit.metrics import METRICS
from search_api.dashboard.bundle import bundle_path
from search_api.dashboard.session import COOKIE
from tests.search_api.published import day_row, publish_days
from tests.search_api.showcase import publish_showcase

LAST = date(2026, 11, 24)
TAKEN_AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & \"Sons\""


@pytest.fixture
def merchant(client: TestClient, database: Database, store: UUID) -> TestClient:
    """A browser that is signed in as a member of the organization of the store `demo`."""
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


@pytest.fixture
def showcase(database: Database, store: UUID) -> None:
    """Published rows of 120 days for the store `demo`."""
    publish_showcase(database, store, last_on=LAST, taken_at=TAKEN_AT, days_count=120)


def _rename(database: Database, store: UUID, **columns: str) -> None:
    with database.owner_session() as session:
        for column, value in columns.items():
            session.execute(
                text(f"UPDATE stores SET {column} = :value WHERE id = :store"), {"value": value, "store": store}
            )


def test_without_a_session_nothing_is_shown(client: TestClient) -> None:
    for path in ("/dashboard", "/dashboard/demo"):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 401
        assert "stormcom token sign-in" in answer.text


def test_the_first_store_opens(merchant: TestClient) -> None:
    answer = merchant.get("/dashboard", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/demo")


@pytest.mark.usefixtures("other_store")
def test_another_organizations_store_is_not_found_like_one_that_is_not(merchant: TestClient) -> None:
    theirs, nobodys = merchant.get("/dashboard/other"), merchant.get("/dashboard/nowhere")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text == nobodys.text


def test_a_user_without_a_store_is_told_so(merchant: TestClient, database: Database) -> None:
    with database.owner_session() as session:
        session.execute(text("DELETE FROM memberships"))
    answer = merchant.get("/dashboard")
    assert "stormcom demo" in answer.text
    assert merchant.get("/dashboard/demo").status_code == 404


def test_before_the_first_publication_there_is_guidance(merchant: TestClient) -> None:
    answer = merchant.get("/dashboard/demo")
    assert answer.status_code == 200
    assert "No metrics yet" in answer.text
    assert "stormcom materialize" in answer.text


@pytest.mark.usefixtures("showcase")
def test_the_page_shows_every_part(merchant: TestClient) -> None:
    page = merchant.get("/dashboard/demo").text
    for name in ("sales", "orders", "order-value", "cohorts", "channels"):
        assert f'data-chart="spec-{name}"' in page
    assert "Linen Throw, Sand" in page
    assert "27 Aug – 24 Nov 2026" in page


@pytest.mark.usefixtures("showcase")
def test_definitions_are_reachable_by_keyboard(merchant: TestClient) -> None:
    page = merchant.get("/dashboard/demo").text
    for name in (
        "gross_sales",
        "net_sales",
        "orders",
        "average_order_value",
        "returning_customer_rate",
        "conversion_rate",
    ):
        assert METRICS[name].sentence in page
        assert re.search(rf'<button class="hint"[^>]+aria-describedby="tip-tile-{name}"', page)
        assert f'id="tip-tile-{name}"' in page


def test_tiles_add_up_and_compare(merchant: TestClient, database: Database, store: UUID) -> None:
    # 30 days of 200.00 and 4 orders after 30 days of 100.00 and 4 orders: +100 %, AOV 25.00 → 50.00.
    rows = [
        day_row(store, LAST - timedelta(back), gross_sales_amount=20000 if back < 30 else 10000, orders_count=4)
        for back in range(60)
    ]
    publish_days(database, rows, taken_at=TAKEN_AT)
    page = merchant.get("/dashboard/demo?range=30").text
    figures = re.findall(r'<p class="figure">(.*?)</p>', page)
    assert figures == ["$6,000.00", "$6,000.00", "120", "$50.00", "–", "–"]
    changes = re.findall(r'<p class="change (\w+)">', page)
    assert changes == ["up", "up", "flat", "up", "none", "none"]
    assert "100.0%" in page


@pytest.mark.parametrize(
    ("currency", "locale", "shown"),
    [
        ("USD", "en", "$12,345.67"),
        ("EUR", "de-DE", "12.345,67\xa0€"),
        ("JPY", "ja", "￥1,234,567"),
        ("KWD", "xx", "KWD1,234.567"),
    ],
)
def test_money_is_written_by_currency_and_locale(
    merchant: TestClient, database: Database, store: UUID, currency: str, locale: str, shown: str
) -> None:
    _rename(database, store, locale=locale)
    publish_days(database, [day_row(store, LAST, currency=currency, gross_sales_amount=1234567)], taken_at=TAKEN_AT)
    assert shown in merchant.get("/dashboard/demo").text.replace("KWD\xa0", "KWD")


@pytest.mark.parametrize(
    ("taken_at", "shown"),
    [
        # New York left daylight saving time on 1 November 2026 at 06:00 UTC: 01:30 came twice, an hour apart.
        (
            datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
            "1 Nov 2026, 01:30</time> store time</span>\n      <span>(America/New York, UTC−04:00)",
        ),
        (
            datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
            "1 Nov 2026, 01:30</time> store time</span>\n      <span>(America/New York, UTC−05:00)",
        ),
    ],
)
def test_complete_through_is_on_the_stores_clock(
    merchant: TestClient, database: Database, store: UUID, taken_at: datetime, shown: str
) -> None:
    publish_days(database, [day_row(store, date(2026, 10, 31))], taken_at=taken_at)
    page = merchant.get("/dashboard/demo").text
    assert "Complete through" in page
    assert shown in page


@pytest.mark.parametrize(("hours", "is_stale"), [(23, False), (25, True)])
def test_old_numbers_say_so(merchant: TestClient, database: Database, store: UUID, hours: int, is_stale: bool) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    publish_days(database, [day_row(store, LAST)], taken_at=now - timedelta(hours=hours))
    assert ("1 day old" in merchant.get("/dashboard/demo").text) is is_stale


@pytest.mark.usefixtures("showcase")
def test_views_and_models_change_the_page_and_keep_each_other(merchant: TestClient) -> None:
    page = merchant.get("/dashboard/demo?view=order&range=30").text
    assert "Net sales (order view)" in page
    assert "?range=30&amp;view=order&amp;model=linear#channels" in page
    assert "?view=order#products" not in page
    chosen = merchant.get("/dashboard/demo?model=linear").text
    assert re.search(r'aria-current="true">Linear<', chosen)


@pytest.mark.usefixtures("showcase")
def test_a_custom_window(merchant: TestClient) -> None:
    page = merchant.get("/dashboard/demo?from=2026-11-01&to=2026-11-10").text
    assert "1 – 10 Nov 2026" in page
    assert "compared with 22 – 31 Oct 2026" in page


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


@pytest.mark.usefixtures("showcase")
def test_a_window_without_days_becomes_the_usual_one(merchant: TestClient) -> None:
    answer = merchant.get("/dashboard/demo?from=0001-01-01&to=0001-01-02")
    assert answer.status_code == 200
    assert "27 Aug – 24 Nov 2026" in answer.text
    assert merchant.get("/dashboard/demo?from=0001-01-01&to=9999-12-31").status_code == 200


def test_names_are_text_not_markup(merchant: TestClient, database: Database, store: UUID) -> None:
    _rename(database, store, name=NASTY)
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


@pytest.mark.usefixtures("showcase")
def test_a_page_costs_the_same_however_long(merchant: TestClient, database: Database) -> None:
    def cost(path: str) -> int:
        statements: list[str] = []
        listener: Callable[..., None] = lambda *args: statements.append(args[2])  # noqa: E731
        event.listen(database.app, "before_cursor_execute", listener)
        merchant.get(path)
        event.remove(database.app, "before_cursor_execute", listener)
        # The recorder of timings writes from its own thread, whenever it likes.
        return sum("request_timing" not in statement for statement in statements)

    assert cost("/dashboard/demo?from=2026-11-23&to=2026-11-24") == cost("/dashboard/demo?range=all") <= 12
