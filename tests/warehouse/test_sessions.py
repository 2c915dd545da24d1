"""Visits and their channels, worked by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.warehouse.shop import at
from tests.warehouse.stories import Scene, Stories
from warehouse.attribution import CHANNELS

stories = Stories()

FUNNEL = (
    "sessions_count",
    "funnel_cart_count",
    "funnel_checkout_count",
    "funnel_order_count",
    "converted_sessions_count",
)


def starts(scene: Scene) -> list[tuple[Any, ...]]:
    return scene.rows(
        "SELECT STRFTIME(started_at, '%d %H:%M'), events_count FROM staging.sessions "
        "WHERE store_id = $store ORDER BY started_at"
    )


@stories.tell
def half_an_hour_of_silence_ends_a_visit(scene: Scene) -> Iterator[None]:
    """10:00 and 10:30 are one visit (exactly 30 minutes), 11:01 is the next. A late event at 10:45 joins them."""
    shop = scene.shop
    visitor = shop.visitor("v")
    for moment in ("2026-11-10 10:00", "2026-11-10 10:30", "2026-11-10 11:01"):
        shop.event("page_view", moment, visitor)
    yield
    assert starts(scene) == [("10 10:00", 2), ("10 11:01", 1)]
    shop.event("page_view", "2026-11-10 10:45", visitor, received_at=at("2026-11-12 10:00"))
    yield
    assert starts(scene) == [("10 10:00", 4)]
    assert scene.day("2026-11-10", "sessions_count", "page_views_count", "late_events_count") == (1, 4, 1)


@stories.tell
def a_day_ends_a_visit_that_never_pauses(scene: Scene) -> Iterator[None]:
    """An event every 30 minutes for 25 hours: 49 of them (the last exactly 24 hours after the first), then 2."""
    shop = scene.shop
    visitor = shop.visitor("v")
    for number in range(51):
        moment = f"2026-11-{10 + number // 48:02d} {number % 48 // 2:02d}:{number % 2 * 30:02d}"
        shop.event("page_view", moment, visitor)
    yield
    assert starts(scene) == [("10 00:00", 49), ("11 00:30", 2)]


@stories.tell
def the_funnel_goes_in_order_and_leaves_bots_out(scene: Scene) -> Iterator[None]:
    """One visit goes through, one buys without a look, one fills the cart before looking; a bot counts as a bot."""
    shop = scene.shop
    walks = {
        "through": ("product_view", "add_to_cart", "begin_checkout", "purchase"),
        "blind": ("add_to_cart", "begin_checkout", "purchase"),
        "backwards": ("add_to_cart", "product_view"),
    }
    for name, walk in walks.items():
        visitor = shop.visitor(name)
        for minute, step in enumerate(walk):
            shop.event(step, f"2026-11-10 15:0{minute}", visitor)
    shop.event("product_view", "2026-11-10 15:00", shop.visitor("robot"), is_bot=True)
    yield
    assert scene.day("2026-11-10", *FUNNEL) == (3, 1, 1, 1, 2)
    assert scene.day("2026-11-10", "product_views_count", "bot_events_count", "visitors_count") == (2, 1, 3)


@stories.tell
def two_devices_of_one_customer_are_one_visitor(scene: Scene) -> Iterator[None]:
    shop = scene.shop
    phone, laptop, ada = shop.visitor("phone"), shop.visitor("laptop"), shop.customer("ada@example.test")
    for visitor in (phone, laptop):
        shop.event("page_view", "2026-11-10 15:00", visitor)
    yield
    assert scene.day("2026-11-10", "sessions_count", "visitors_count") == (2, 2)
    shop.identify(phone, ada)
    shop.identify(laptop, ada)
    yield
    assert scene.day("2026-11-10", "sessions_count", "visitors_count") == (2, 1)


@stories.tell
def the_first_received_of_two_times_wins(scene: Scene) -> Iterator[None]:
    """One event id with two times: only the row received first counts, also if it arrives in the lake second."""
    shop = scene.shop
    visitor = shop.visitor("v")
    second = shop.event("page_view", "2026-11-10 15:00", visitor, received_at=at("2026-11-10 15:05"))
    yield
    shop.event("page_view", "2026-11-12 15:00", visitor, event_id=second, received_at=at("2026-11-10 15:01"))
    yield
    assert scene.day("2026-11-10", "sessions_count", "page_views_count") == (0, 0)
    assert scene.day("2026-11-12", "sessions_count", "page_views_count") == (1, 1)
    shop.execute("DELETE FROM analytics_event WHERE store_id = :store AND occurred_at = '2026-11-12 15:00+00'")
    yield
    assert scene.day("2026-11-10", "sessions_count", "page_views_count") == (1, 1)


EVIDENCE = {
    "Direct": {},
    "Paid Search": {"utm_source": "google", "utm_medium": "cpc"},
    "Organic Search": {"referrer_host": "www.google.com"},
    "Organic Social": {"referrer_host": "l.facebook.com"},
    "Paid Social": {"utm_source": "Facebook", "utm_medium": "paid_social"},
    "Email": {"utm_source": "newsletter", "utm_medium": "email"},
    "Referral": {"referrer_host": "blog.example.test"},
    "Display": {"utm_source": "partner", "utm_medium": "banner"},
    "Affiliates": {"utm_source": "partner", "utm_medium": "affiliate"},
    "Organic Video": {"referrer_host": "youtube.com"},
    "Organic Shopping": {"referrer_host": "etsy.com"},
    "Paid Shopping": {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "Shopping autumn"},
    "Cross-network": {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "cross-network"},
    "SMS": {"utm_source": "sms"},
    "Audio": {"utm_source": "podcast", "utm_medium": "audio"},
    "Paid Other": {"utm_source": "somewhere", "utm_medium": "cpc"},
    "Paid Video": {"utm_source": "youtube", "utm_medium": "cpv"},
    "Mobile Push Notifications": {"utm_source": "app", "utm_medium": "push"},
    "Unassigned": {"utm_source": "flyer"},
}
CLICKED = {"gclid": "Paid Search", "fbclid": "Organic Social", "ttclid": "Paid Social"}


@stories.tell
def channels(scene: Scene) -> Iterator[None]:
    """Each channel by the evidence that makes it, the first evidence of a visit before a later one."""
    shop = scene.shop
    for channel, evidence in EVIDENCE.items():
        shop.event("page_view", "2026-11-10 15:00", shop.visitor(channel), **evidence)
    for kind in CLICKED:
        shop.event("page_view", "2026-11-10 15:00", shop.visitor(kind), click_id_kind=kind)
    both = shop.visitor("both")
    shop.event("page_view", "2026-11-10 15:00", both)
    shop.event("page_view", "2026-11-10 15:01", both, utm_source="google", utm_medium="organic")
    shop.event("page_view", "2026-11-10 15:02", both, utm_source="newsletter", utm_medium="email")
    yield
    found = dict(scene.rows("SELECT channel, COUNT(*) FROM staging.sessions WHERE store_id = $store GROUP BY channel"))
    expected = dict.fromkeys(EVIDENCE, 1)
    for channel in CLICKED.values():
        expected[channel] += 1
    expected["Organic Search"] += 1
    assert found == expected
    assert set(found) == set(CHANNELS)


@pytest.mark.parametrize("name", stories.told)
def test_story(told: Stories, name: str) -> None:
    told.ending(name)
