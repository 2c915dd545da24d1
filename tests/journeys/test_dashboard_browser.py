"""The dashboard in a real browser: sign in, look at every chart, on a wide and on a narrow screen."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import text

from oltp.access.actions import create_sign_in_link
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from search_api.app import create_app
from tests.conftest import cloned_database, create_store
from tests.search_api.showcase import publish_showcase

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
EMAIL = "merchant@example.test"
CHARTS = ("sales", "orders", "order-value", "cohorts", "channels")
UNDRAWN = "[data-chart]:not([data-state='drawn'])"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}")


@pytest.fixture(scope="module")
def shop(server_url: str, template: str) -> Iterator[Database]:
    """A published shop, and a merchant who may see it."""
    now = SystemClock().now()
    with cloned_database(server_url, template) as database:
        store = create_store(database, slug="demo")
        publish_showcase(database, store, last_on=now.date(), taken_at=now - timedelta(minutes=5))
        with database.owner_session() as session:
            session.execute(
                text(
                    "WITH person AS (INSERT INTO users (email) VALUES (:email) RETURNING id) "
                    "INSERT INTO memberships (user_id, organization_id) "
                    "SELECT person.id, organization_id FROM person, stores"
                ),
                {"email": EMAIL},
            )
        yield database


@pytest.fixture(scope="module")
def address(shop: Database) -> Iterator[str]:
    """Address of a server over the shop."""
    app = create_app(settings=Settings(encoder="hash", log_level="error"), database=shop, clock=SystemClock())
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(15)
    listening.close()


@pytest.fixture
def served(shop: Database, address: str) -> str:
    """Address of a new sign-in link's page."""
    with shop.owner_session() as session:
        now = SystemClock().now()
        token = create_sign_in_link(session, email=EMAIL, now=now, lifetime=timedelta(minutes=5))
    return f"{address}/dashboard/sign-in?token={token}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, which knows no cookie of another."""
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.set_default_timeout(30_000)
    yield page
    page.close()


def wait_until_drawn(page: Page) -> None:
    """Wait for every chart, by selectors: the page's policy forbids the scripts that a waiting function needs."""
    page.wait_for_selector("[data-chart]")
    expect(page.locator(UNDRAWN)).to_have_count(0, timeout=30_000)


def press_the_focused_button(page: Page) -> None:
    """Press Enter once the page has given its button the focus, which it does some time after it has loaded."""
    page.wait_for_selector("button:focus")
    page.keyboard.press("Enter")


def test_a_merchant_signs_in_and_sees_their_shop(served: str, page: Page) -> None:
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(served)
    press_the_focused_button(page)
    page.wait_for_url("**/dashboard/demo")
    wait_until_drawn(page)
    for name in CHARTS:
        marks = page.locator(
            f"[data-chart=spec-{name}] svg g.mark-group path, [data-chart=spec-{name}] svg .mark-rect path"
        )
        assert marks.count() > 3, f"the chart {name} is empty"
    page.hover("[data-chart=spec-sales]")
    page.wait_for_selector("#vg-tooltip-element.visible")
    tip = page.inner_text("#vg-tooltip-element")
    assert "Net sales" in tip
    assert "$" in tip
    page.locator(".tile .hint").first.focus()
    assert page.locator("#tip-tile-gross_sales").evaluate("tip => getComputedStyle(tip).visibility") == "visible"
    page.click("text=Order view")
    wait_until_drawn(page)
    assert "view=order" in page.url
    assert complaints == []


def test_a_phone_needs_no_sideways_scrolling(served: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(served)
    page.click("button")
    page.wait_for_url("**/dashboard/demo")
    wait_until_drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.click(".days summary")
    box = page.locator(".days form").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
