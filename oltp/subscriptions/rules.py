"""Rules of subscriptions: when a period begins and ends, and when a failed payment is tried again. Pure.

Periods are counted from the anchor in the store's own time zone, never from the period before: the 31st becomes the
28th in February and is the 31st again in March, and nine o'clock stays nine o'clock when summer time begins.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month", "year"]
# Days after which a failed payment is tried again; when the last try fails, the subscription ends.
RETRY_DAYS = (1, 3, 5, 7)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_MOST_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}


def boundary(anchor: datetime, *, zone: str, unit: str, count: int, ordinal: int) -> datetime:
    """Return the moment, in UTC, at which period `ordinal` begins; period 0 begins at the anchor.

    A time of day that the clocks skip is as much later as they skip; one that comes twice is the first of them.
    """
    if ordinal == 0:
        return anchor.astimezone(UTC)
    local = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    steps = count * ordinal
    if unit in ("day", "week"):
        local += timedelta(days=steps * _DAYS[unit])
    else:
        local = _add_months(local, steps * (12 if unit == "year" else 1))
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def next_boundary(anchor: datetime, *, zone: str, unit: str, count: int, after: datetime) -> datetime:
    """Return the first boundary that is later than `after`."""
    ordinal = max((after - anchor).days // (_MOST_DAYS[unit] * count) - 1, 0)
    while (found := boundary(anchor, zone=zone, unit=unit, count=count, ordinal=ordinal)) <= after:
        ordinal += 1
    return found


def end_of_period(anchor: datetime, *, zone: str, unit: str, count: int, start: datetime) -> datetime:
    """Return when a period that begins at `start` ends: at the boundary that follows.

    Should the store have moved to another time zone, boundaries have moved too: one that is nearer than half a period
    is passed over, so that nobody pays for a period of an hour.
    """
    half = timedelta(days=_DAYS[unit] * count) / 2
    return next_boundary(anchor, zone=zone, unit=unit, count=count, after=start + half)


def next_try_at(tries: int, *, failed_at: datetime) -> datetime | None:
    """Return when to try again after so many failed tries; None: that was the last one."""
    return failed_at + timedelta(days=RETRY_DAYS[tries - 1]) if tries <= len(RETRY_DAYS) else None


def _add_months(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
