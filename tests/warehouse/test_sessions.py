"""Visits and their channels, worked by hand."""

import pytest

from tests.warehouse.conftest import assert_equals_full_rebuild, day, flow
from tests.warehouse.shop import Shop, at
from warehouse.attribution import CHANNELS
from warehouse.connection import Lake

FUNNEL = (
    "sessions_count",
    "funnel_cart_count",
    "funnel_checkout_count",
    "funnel_order_count",
    "converted_sessions_count",
)


def starts(lake: Lake) -> list[tuple[str, int]]:
    return lake.query("SELECT STRFTIME(started_at, '%d %H:%M'), events_count FROM staging.sessions ORDER BY started_at")


def test_half_an_hour_of_silence_ends_a_visit(shop: Shop, lake: Lake) -> None:
    """10:00 and 10:30 are one visit (exactly 30 minutes), 11:01 is the next. A late event at 10:45 joins them."""
    visitor = shop.visitor("v")
    for moment in ("2026-11-10 10:00", "2026-11-10 10:30", "2026-11-10 11:01"):
        shop.event("page_view", moment, visitor)
    flow(lake)
    assert starts(lake) == [("10 10:00", 2), ("10 11:01", 1)]
    shop.event("page_view", "2026-11-10 10:45", visitor, received_at=at("2026-11-12 10:00"))
    flow(lake)
    assert starts(lake) == [("10 10:00", 4)]
    assert day(lake, "2026-11-10", "sessions_count", "page_views_count", "late_events_count") == (1, 4, 1)
    assert_equals_full_rebuild(lake)


def test_a_day_ends_a_visit_that_never_pauses(shop: Shop, lake: Lake) -> None:
    """An event every 30 minutes for 25 hours: 49 of them (the last exactly 24 hours after the first), then 2."""
    visitor = shop.visitor("v")
    for number in range(51):
        moment = f"2026-11-{10 + number // 48:02d} {number % 48 // 2:02d}:{number % 2 * 30:02d}"
        shop.event("page_view", moment, visitor)
    flow(lake)
    assert starts(lake) == [("10 00:00", 49), ("11 00:30", 2)]


def test_the_funnel_goes_in_order_and_leaves_bots_out(shop: Shop, lake: Lake) -> None:
    """One visit goes through, one buys without a look, one fills the cart before looking; a bot counts as a bot."""
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
    flow(lake)
    assert day(lake, "2026-11-10", *FUNNEL) == (3, 1, 1, 1, 2)
    assert day(lake, "2026-11-10", "product_views_count", "bot_events_count", "visitors_count") == (2, 1, 3)


def test_two_devices_of_one_customer_are_one_visitor(shop: Shop, lake: Lake) -> None:
    phone, laptop, ada = shop.visitor("phone"), shop.visitor("laptop"), shop.customer("ada@example.test")
    for visitor in (phone, laptop):
        shop.event("page_view", "2026-11-10 15:00", visitor)
    flow(lake)
    assert day(lake, "2026-11-10", "sessions_count", "visitors_count") == (2, 2)
    shop.identify(phone, ada)
    shop.identify(laptop, ada)
    flow(lake)
    assert day(lake, "2026-11-10", "sessions_count", "visitors_count") == (2, 1)
    assert_equals_full_rebuild(lake)


def test_the_first_received_of_two_times_wins(shop: Shop, lake: Lake) -> None:
    """One event id with two times: only the row received first counts, also if it arrives in the lake second."""
    visitor = shop.visitor("v")
    second = shop.event("page_view", "2026-11-10 15:00", visitor, received_at=at("2026-11-10 15:05"))
    flow(lake)
    shop.event("page_view", "2026-11-12 15:00", visitor, event_id=second, received_at=at("2026-11-10 15:01"))
    flow(lake)
    assert day(lake, "2026-11-10", "sessions_count", "page_views_count") == (0, 0)
    assert day(lake, "2026-11-12", "sessions_count", "page_views_count") == (1, 1)
    assert_equals_full_rebuild(lake)
    shop.execute("DELETE FROM analytics_event WHERE occurred_at = '2026-11-12 15:00+00'")
    flow(lake)
    assert day(lake, "2026-11-10", "sessions_count", "page_views_count") == (1, 1)
    assert_equals_full_rebuild(lake)


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


@pytest.mark.parametrize("clicked", [("gclid", "Paid Search"), ("fbclid", "Organic Social"), ("ttclid", "Paid Social")])
def test_channels(shop: Shop, lake: Lake, clicked: tuple[str, str]) -> None:
    """Each channel by the evidence that makes it, the first evidence of a visit before a later one."""
    for channel, evidence in EVIDENCE.items():
        shop.event("page_view", "2026-11-10 15:00", shop.visitor(channel), **evidence)
    shop.event("page_view", "2026-11-10 15:00", shop.visitor("click"), click_id_kind=clicked[0])
    both = shop.visitor("both")
    shop.event("page_view", "2026-11-10 15:00", both)
    shop.event("page_view", "2026-11-10 15:01", both, utm_source="google", utm_medium="organic")
    shop.event("page_view", "2026-11-10 15:02", both, utm_source="newsletter", utm_medium="email")
    flow(lake)
    found = dict(lake.query("SELECT channel, COUNT(*) FROM staging.sessions GROUP BY channel"))
    expected = dict.fromkeys(EVIDENCE, 1)
    expected[clicked[1]] += 1
    expected["Organic Search"] += 1
    assert found == expected
    assert set(found) == set(CHANNELS)
