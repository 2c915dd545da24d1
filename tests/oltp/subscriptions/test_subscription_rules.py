"""Billing anchors over month ends, leap days and the change of the clocks; when a failed payment is tried again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.subscriptions.rules import RETRY_DAYS, boundary, end_of_period, next_boundary, next_try_at

ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Dhaka", "Australia/Lord_Howe",
                         "Pacific/Apia", "America/St_Johns"])
UNITS = st.sampled_from(["day", "week", "month", "year"])
ANCHORS = st.integers(1_577_836_800, 1_924_905_600).map(lambda second: datetime.fromtimestamp(second, UTC))


def days(anchor: str, unit: str, count: int = 1, zone: str = "UTC", periods: int = 5) -> list[str]:
    """The local days on which the periods begin."""
    start = datetime.fromisoformat(anchor).replace(tzinfo=ZoneInfo(zone))
    return [boundary(start, zone=zone, unit=unit, count=count, ordinal=n).astimezone(ZoneInfo(zone)).date().isoformat()
            for n in range(periods)]


def test_billing_anchors_over_month_ends() -> None:
    assert days("2026-01-31", "month") == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert days("2026-08-31", "month", 3) == ["2026-08-31", "2026-11-30", "2027-02-28", "2027-05-31", "2027-08-31"]
    assert days("2027-12-30", "month", periods=4) == ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]


def test_billing_anchors_over_leap_days() -> None:
    assert days("2024-02-29", "year") == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@pytest.mark.parametrize(("anchor", "expected"), [
    # At nine in the morning it is nine in summer too.
    ("2026-03-28T09:00", ["09:00", "09:00", "09:00"]),
    # Half past two does not exist on the 29th: it is an hour later, and itself again the day after.
    ("2026-03-28T02:30", ["02:30", "03:30", "02:30"])])
def test_billing_anchors_over_the_change_of_the_clocks(anchor: str, expected: list[str]) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime.fromisoformat(anchor).replace(tzinfo=zone)
    found = [boundary(start, zone="Europe/Berlin", unit="day", count=1, ordinal=n) for n in range(3)]
    assert [moment.astimezone(zone).strftime("%H:%M") for moment in found] == expected


def test_a_time_of_day_that_comes_twice_is_the_first_of_them() -> None:
    start = datetime(2026, 10, 24, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    found = [boundary(start, zone="Europe/Berlin", unit="day", count=1, ordinal=n) for n in range(3)]
    assert [(moment - found[0]).total_seconds() / 3600 for moment in found] == [0, 24, 49]


@given(ANCHORS, ZONES, UNITS, st.integers(1, 12), st.integers(0, 60))
def test_periods_follow_each_other_without_gap_or_overlap(
    anchor: datetime, zone: str, unit: str, count: int, ordinal: int
) -> None:
    start, end = (boundary(anchor, zone=zone, unit=unit, count=count, ordinal=n) for n in (ordinal, ordinal + 1))
    assert start < end
    assert next_boundary(anchor, zone=zone, unit=unit, count=count, after=start) == end
    assert next_boundary(anchor, zone=zone, unit=unit, count=count, after=end - timedelta(microseconds=1)) == end
    assert end_of_period(anchor, zone=zone, unit=unit, count=count, start=start) == end


@given(ANCHORS, ZONES, ZONES, UNITS, st.integers(1, 12))
def test_a_store_that_moves_never_bills_a_period_of_hours(
    anchor: datetime, before: str, after: str, unit: str, count: int
) -> None:
    start = boundary(anchor, zone=before, unit=unit, count=count, ordinal=3)
    end = end_of_period(anchor, zone=after, unit=unit, count=count, start=start)
    nominal = end_of_period(anchor, zone=before, unit=unit, count=count, start=start) - start
    # A moved store's boundaries are up to a day and a bit away, and a month's end may be cut differently.
    assert nominal / 2 - timedelta(days=1 if unit != "day" else 0) <= end - start <= nominal * 2 + timedelta(days=4)


def test_dunning_tries_again_after_1_3_5_and_7_days() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    waits = [next_try_at(tries, failed_at=now) for tries in range(1, 6)]
    assert waits == [*(now + timedelta(days=days) for days in RETRY_DAYS), None]
