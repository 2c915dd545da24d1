"""Judging one event: pure, so any input whatsoever can be thrown at it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.events.contracts import load_contracts, load_schemas
from oltp.events.rules import (
    MAX_DEPTH,
    Event,
    Fault,
    Unconsented,
    canonical,
    find_unstorable,
    is_bot,
    judge,
    parse_rfc3339,
    printable,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VIEW: dict[str, Any] = {"name": "page_view", "visitor_id": "v", "occurred_at": "2026-11-24T11:00:00Z"}
NAMES = {"page_view", "product_view", "search", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase",
         "identify", "recommendation_click"}

words = st.text(st.characters(), max_size=20)  # NUL and lone surrogates among them
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20)
optional_fields = load_schemas()["envelope", 1]["properties"].keys() - {"name", "occurred_at"}
nearly = st.fixed_dictionaries(
    {"name": st.sampled_from(sorted(NAMES)) | anything, "occurred_at": st.just("2026-11-24T11:00:00Z") | anything},
    optional=dict.fromkeys(sorted(optional_fields), anything))


def taken(**fields: object) -> Event:
    """Judge a page view with these fields, which must pass."""
    event = judge({**VIEW, **fields}, received_at=NOW, skew=timedelta())
    assert isinstance(event, Event), event
    return event


@given(anything | nearly | nearly.map(lambda item: {**VIEW, **item}))
def test_any_item_gets_a_verdict(item: object) -> None:
    verdict = judge(item, received_at=NOW, skew=timedelta())
    if isinstance(verdict, Event):
        json.dumps(verdict.row, default=str, allow_nan=False).encode()
        assert "\x00" not in str(verdict.row)
    elif isinstance(verdict, Fault):
        (printable(verdict.path) + printable(verdict.reason)).encode()
    else:
        assert isinstance(verdict, Unconsented)


def test_every_standard_name_has_a_contract() -> None:
    assert {name for name, version in load_contracts() if version == 1} == NAMES


@given(anything)
def test_equal_values_have_one_canonical_text(value: object) -> None:
    again = json.loads(json.dumps(value))
    assert canonical(again) == canonical(value)
    canonical(value).encode()


def test_an_event_without_an_id_has_the_id_of_its_content() -> None:
    first, second = taken(properties={"a": 1, "b": 2}), taken(properties={"b": 2, "a": 1})
    assert first.event_id == second.event_id and first.event_id.version == 5
    assert taken(properties={"a": 1}).event_id != first.event_id
    key = UUID(int=7)
    assert taken(event_id=str(key).upper()).event_id == key


@pytest.mark.parametrize(("text", "expected"), [
    ("2026-11-24T11:00:00Z", "2026-11-24T11:00:00+00:00"), ("2026-11-24t11:00:00z", "2026-11-24T11:00:00+00:00"),
    ("2026-11-24T11:00:00.123456789+05:30", "2026-11-24T05:30:00.123456+00:00"),
    ("2024-02-29T23:59:59-00:30", "2024-03-01T00:29:59+00:00")])
def test_times_that_are_rfc_3339(text: str, expected: str) -> None:
    moment = parse_rfc3339(text)
    assert moment is not None and moment.isoformat() == expected


@pytest.mark.parametrize("text", [
    "", "2026-11-24", "2026-11-24T11:00:00", "2026-11-24 11:00:00Z", "20261124T110000Z", "2026-W48-2T11:00:00Z",
    "2026-02-29T11:00:00Z", "2026-11-24T24:00:01Z", "2026-11-24T11:00:60Z", "2026-11-24T11:00:00Z\n",
    "٢٠٢٦-11-24T11:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24T11:00:00+25:00"])
def test_times_that_are_not(text: str) -> None:
    assert parse_rfc3339(text) is None


def test_future_begins_after_23_hours_of_corrected_time() -> None:
    def code(at: str, skew: timedelta) -> str:
        verdict = judge({**VIEW, "occurred_at": at}, received_at=NOW, skew=skew)
        return verdict.code if isinstance(verdict, Fault) else "taken"

    assert code("2026-11-25T11:00:00Z", timedelta()) == "taken"
    assert code("2026-11-25T11:00:00.000001Z", timedelta()) == "future_time"
    assert code("2026-11-26T11:00:00Z", timedelta(days=-2)) == "taken"
    assert code("2026-11-24T11:00:00Z", timedelta(days=1)) == "taken"
    assert code("2026-11-24T11:00:01Z", timedelta(days=1)) == "future_time"
    assert code("2026-11-24T11:00:00Z", timedelta(days=-401)) == "implausible_clock"


@pytest.mark.parametrize(("agent", "expected"), [
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True), ("curl/8.5.0", True),
    ("python-requests/2.32", True), ("Mozilla/5.0 HeadlessChrome/120", True), ("facebookexternalhit/1.1", True),
    ("Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9)", False), ("", False), (None, False),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36", False)])
def test_bots(agent: str | None, expected: bool) -> None:
    assert is_bot(agent) is expected


def test_campaign_in_the_fields_wins_over_the_address() -> None:
    row = taken(utm_source="fields", page_url="/p?utm_source=address&utm_campaign=b%20c&msclkid=1&utm_term=%00x").row
    assert (row["utm_source"], row["utm_campaign"], row["utm_term"]) == ("fields", "b c", "x")
    assert (row["click_id_kind"], row["page_path"]) == ("msclkid", "/p")
    assert taken(fbclid="x", gclid="").row["click_id_kind"] == "fbclid"
    assert taken().row["page_path"] is None and taken(page_url="https://shop.test").row["page_path"] == "/"


@pytest.mark.parametrize(("referrer", "host"), [
    ("https://News.Example.com:8443/a?b", "news.example.com"),
    ("android-app://com.google.android.gm/", "com.google.android.gm"),
    ("", None), (None, None), ("not an address", None)])
def test_only_the_host_of_a_referrer_is_kept(referrer: str | None, host: str | None) -> None:
    row = taken(referrer=referrer).row
    assert row["referrer_host"] == host and "referrer" not in row


def test_depth_is_counted_from_the_event() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {} if levels == 0 else {"a": nested(levels - 1)}

    assert find_unstorable(nested(MAX_DEPTH - 1)) is None
    assert find_unstorable(nested(MAX_DEPTH)) is not None
