"""The dashboard in a real browser: sign in, look at every chart, on a wide and on a narrow screen."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright
from sqlalchemy import text

from oltp.access.actions import create_sign_in_link
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from search_api.app import create_app
from tests.search_api.showcase import publish_showcase

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
EMAIL = "merchant@example.test"
CHARTS = ("sales", "orders", "order-value", "cohorts", "channels")
UNDRAWN = "[data-chart]:not([data-state='drawn'])"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}")


@pytest.fixture
def served(database: Database, store: UUID) -> Iterator[str]:
    """Address of a server over a published shop; its first page is the sign-in link's."""
    now = SystemClock().now()
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
        token = create_sign_in_link(session, email=EMAIL, now=now, lifetime=timedelta(minutes=5))
    app = create_app(settings=Settings(encoder="hash", log_level="error"), database=database, clock=SystemClock())
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/dashboard/sign-in?token={token}"
    server.should_exit = True
    thread.join(15)
    listening.close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a fresh browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        page.set_default_timeout(30_000)
        yield page
        browser.close()


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
