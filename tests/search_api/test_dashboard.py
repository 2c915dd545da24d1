"""Dashboard: what a merchant sees of their stores, and nobody else does."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.metrics import METRICS
from tests.search_api.conftest import Counter
from tests.search_api.merchants import Merchant, open_shop
from tests.search_api.published import day_row, publish_days
from tests.search_api.showcase import publish_showcase
from tests.statements import statements

LAST = date(2026, 11, 24)
TAKEN_AT = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def merchant(counter: Counter) -> Merchant:
    """The merchant of the store `demo`, which has published 120 days. Its tests only look."""
    merchant = open_shop(counter, "demo")
    publish_showcase(counter.database, merchant.store, last_on=LAST, taken_at=TAKEN_AT, days_count=120)
    return merchant


@pytest.fixture
def newcomer(counter: Counter) -> Merchant:
    """The merchant of a new store, which the test may change."""
    return open_shop(counter, f"new-{uuid4().hex[:8]}")


def _rename(database: Database, store: UUID, **columns: str) -> None:
    with database.owner_session() as session:
        for column, value in columns.items():
            session.execute(
                text(f"UPDATE stores SET {column} = :value WHERE id = :store"), {"value": value, "store": store}
            )


def test_without_a_session_nothing_is_shown(counter: Counter) -> None:
    for path in ("/dashboard", "/dashboard/demo"):
        answer = counter.client.get(path, follow_redirects=False)
        assert answer.status_code == 401
        assert "stormcom token sign-in" in answer.text


def test_the_first_store_opens(merchant: Merchant) -> None:
    answer = merchant.browser.get("/dashboard", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/demo")


def test_another_organizations_store_is_not_found_like_one_that_is_not(merchant: Merchant, counter: Counter) -> None:
    counter.create_store("other")
    theirs, nobodys = (merchant.browser.get(f"/dashboard/{slug}") for slug in ("other", "nowhere"))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text == nobodys.text


def test_a_user_without_a_store_is_told_so(newcomer: Merchant, counter: Counter) -> None:
    with counter.database.owner_session() as session:
        session.execute(
            text(
                "DELETE FROM memberships WHERE organization_id = "
                "(SELECT organization_id FROM stores WHERE id = :store)"
            ),
            {"store": newcomer.store},
        )
    answer = newcomer.browser.get("/dashboard")
    assert "stormcom demo" in answer.text
    assert newcomer.get().status_code == 404


def test_before_the_first_publication_there_is_guidance(newcomer: Merchant) -> None:
    answer = newcomer.get()
    assert answer.status_code == 200
    assert "No metrics yet" in answer.text
    assert "stormcom materialize" in answer.text


def test_the_page_shows_every_part(merchant: Merchant) -> None:
    page = merchant.page()
    for name in ("sales", "orders", "order-value", "cohorts", "channels"):
        assert f'data-chart="spec-{name}"' in page
    assert "Linen Throw, Sand" in page
    assert "27 Aug – 24 Nov 2026" in page


def test_definitions_are_reachable_by_keyboard(merchant: Merchant) -> None:
    page = merchant.page()
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


def test_tiles_add_up_and_compare(newcomer: Merchant, counter: Counter) -> None:
    # 30 days of 200.00 and 4 orders after 30 days of 100.00 and 4 orders: +100 %, AOV 25.00 → 50.00.
    store = newcomer.store
    rows = [
        day_row(store, LAST - timedelta(back), gross_sales_amount=20000 if back < 30 else 10000, orders_count=4)
        for back in range(60)
    ]
    publish_days(counter.database, rows, taken_at=TAKEN_AT)
    page = newcomer.page("?range=30")
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
    newcomer: Merchant, counter: Counter, currency: str, locale: str, shown: str
) -> None:
    _rename(counter.database, newcomer.store, locale=locale)
    row = day_row(newcomer.store, LAST, currency=currency, gross_sales_amount=1234567)
    publish_days(counter.database, [row], taken_at=TAKEN_AT)
    assert shown in newcomer.page().replace("KWD\xa0", "KWD")


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
    newcomer: Merchant, counter: Counter, taken_at: datetime, shown: str
) -> None:
    publish_days(counter.database, [day_row(newcomer.store, date(2026, 10, 31))], taken_at=taken_at)
    page = newcomer.page()
    assert "Complete through" in page
    assert shown in page


@pytest.mark.parametrize(("hours", "is_stale"), [(23, False), (25, True)])
def test_old_numbers_say_so(newcomer: Merchant, counter: Counter, hours: int, is_stale: bool) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    publish_days(counter.database, [day_row(newcomer.store, LAST)], taken_at=now - timedelta(hours=hours))
    assert ("1 day old" in newcomer.page()) is is_stale


def test_views_and_models_change_the_page_and_keep_each_other(merchant: Merchant) -> None:
    page = merchant.page("?view=order&range=30")
    assert "Net sales (order view)" in page
    assert "?range=30&amp;view=order&amp;model=linear#channels" in page
    assert "?view=order#products" not in page
    chosen = merchant.page("?model=linear")
    assert re.search(r'aria-current="true">Linear<', chosen)


def test_a_custom_window(merchant: Merchant) -> None:
    page = merchant.page("?from=2026-11-01&to=2026-11-10")
    assert "1 – 10 Nov 2026" in page
    assert "compared with 22 – 31 Oct 2026" in page


def test_a_window_without_days_becomes_the_usual_one(merchant: Merchant) -> None:
    answer = merchant.get("?from=0001-01-01&to=0001-01-02")
    assert answer.status_code == 200
    assert "27 Aug – 24 Nov 2026" in answer.text
    assert merchant.get("?from=0001-01-01&to=9999-12-31").status_code == 200


def test_a_page_costs_the_same_however_long(merchant: Merchant, counter: Counter) -> None:
    def cost(query: str) -> int:
        with statements(counter.database) as sent:
            merchant.get(query)
        return len(sent)

    assert cost("?from=2026-11-23&to=2026-11-24") == cost("?range=all") <= 12
