"""When things happen: the store-days of the history, how busy each is, and the hours of a day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from stormcom.demo.chance import Floats, Ints, pick

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WEEKDAYS = (1.06, 1.0, 0.97, 1.0, 0.92, 1.05, 1.22)
HOURS = (4, 2, 1, 1, 1, 2, 5, 10, 15, 18, 20, 22, 25, 22, 20, 20, 21, 23, 26, 31, 36, 34, 24, 11)
NOISE = 0.06
GROWTH = 0.75
SALE_LIFT = 1.45
# The last hours stay free, so that no session that starts in the history ends after it.
QUIET_END = 2 * HOUR


@dataclass(frozen=True)
class History:
    """The store-days before today: ``midnights`` has one entry more than ``days``, in milliseconds since 1970."""

    days: tuple[date, ...]
    midnights: Ints
    traffic: Floats
    sale: Floats

    @property
    def end(self) -> int:
        return int(self.midnights[-1])

    def instants(self, rng: np.random.Generator, days: Ints) -> Ints:
        """One instant per day index, by the usual hours of that day in the store's zone."""
        hours = pick(rng, HOURS, len(days))
        into = hours * HOUR + rng.integers(0, HOUR, size=len(days))
        length = self.midnights[days + 1] - self.midnights[days]
        instants = self.midnights[days] + np.minimum(into, length - 1)
        return np.asarray(np.minimum(instants, self.end - QUIET_END), dtype=np.int64)


def make_history(rng: np.random.Generator, *, today: date, months: int, zone: str) -> History:
    first = _months_before(today, months)
    days = tuple(first + timedelta(days=index) for index in range((today - first).days))
    midnights = np.array([_midnight(day, zone) for day in (*days, today)], dtype=np.int64)
    sale = _sales(len(days))
    weekly = np.array([WEEKDAYS[day.weekday()] for day in days])
    trend = 1 + GROWTH * np.linspace(0, 1, len(days)) + 0.07 * np.sin(np.linspace(0, 9, len(days)))
    noise = np.exp(rng.normal(0, NOISE, len(days)))
    return History(days, midnights, weekly * trend * noise * np.where(sale > 0, SALE_LIFT, 1.0), sale)


def _sales(count: int) -> Floats:
    """1 on the days of two four-day sales, at a third and at five sixths of the history."""
    sale = np.zeros(count)
    for start in (count // 3, count * 5 // 6):
        sale[start : start + 4] = 1
    return sale


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise ValueError(f"no day {months} months before {day}")


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1000


def as_instants(values: Ints, name: str = "") -> pl.Series:
    """Milliseconds since 1970 as UTC timestamps; negative values (no such moment) become null."""
    series = pl.Series(name, values, dtype=pl.Int64)
    moments = (series * 1000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return moments.set(series < 0, None)
