"""Numbers and days as people read them: money by its currency's digits and the store's locale, days in English."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, format_percent

from oltp.insights.rules import MetricValue
from oltp.kit.money import exponent, from_minor

NONE = "–"


@dataclass(frozen=True)
class Formatter:
    """Formats for one store. An unknown locale reads as English, an unknown zone as UTC."""

    currency: str
    locale_name: str
    zone_name: str

    @cached_property
    def locale(self) -> Locale:
        """The store's locale."""
        try:
            return Locale.parse(self.locale_name.replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale("en")

    @cached_property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        try:
            return ZoneInfo(self.zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo("UTC")

    def money(self, amount: int | None) -> str:
        """Return minor units with symbol and all digits of the currency."""
        if amount is None:
            return NONE
        digits = exponent(self.currency)
        pattern = self.locale.currency_formats["standard"].pattern
        text = format_currency(
            from_minor(amount, self.currency),
            self.currency,
            format=_with_digits(pattern, digits),
            locale=self.locale,
            currency_digits=False,
        )
        return str(text)

    def count(self, value: int | None) -> str:
        """Return a whole number, grouped."""
        return NONE if value is None else str(format_decimal(value, locale=self.locale))

    def share(self, value: Decimal | None, *, digits: int = 1) -> str:
        """Return a ratio as a percentage."""
        if value is None:
            return NONE
        pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
        return str(format_percent(value, format=pattern, locale=self.locale))

    def value(self, value: MetricValue) -> str:
        """Return a metric's value by its unit."""
        if isinstance(value.value, Decimal):
            return self.share(value.value)
        return self.money(value.value) if value.metric.unit == "money" else self.count(value.value)

    def moment(self, moment: datetime) -> str:
        """Return a moment on the store's clock, e.g. 24 Nov 2026, 06:30."""
        local = moment.astimezone(self.zone)
        return f"{day_text(local.date())}, {local:%H:%M}"

    def offset(self, moment: datetime) -> str:
        """Return the zone and its offset at that moment, e.g. America/New York, UTC−05:00."""
        shift = f"{moment.astimezone(self.zone):%z}".replace("-", "−")
        return f"{self.zone.key.replace('_', ' ')}, UTC{shift[:3]}:{shift[3:]}"

    @cached_property
    def d3_locale(self) -> dict[str, Any]:
        """The same conventions for the axes of charts (a d3 format locale)."""
        sample = str(format_currency(Decimal(0), self.currency, format=None, locale=self.locale))
        first = next(i for i, letter in enumerate(sample) if letter.isdigit())
        last = max(i for i, letter in enumerate(sample) if letter.isdigit())
        symbols = self.locale.number_symbols["latn"]
        return {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": [sample[:first], sample[last + 1 :]],
        }


def _with_digits(pattern: str, digits: int) -> str:
    """Give the pattern's number part the currency's own number of decimals."""
    return pattern.replace(".00", "." + "0" * digits if digits else "")


def day_text(day: date) -> str:
    """Return e.g. 9 Dec 2011."""
    return f"{day.day} {day:%b %Y}"


def window_text(from_on: date, to_on: date) -> str:
    """Return e.g. 3 – 9 Dec 2011, with what both days share said once."""
    if from_on == to_on:
        return day_text(to_on)
    if (from_on.year, from_on.month) == (to_on.year, to_on.month):
        return f"{from_on.day} – {day_text(to_on)}"
    start = f"{from_on.day} {from_on:%b}" if from_on.year == to_on.year else day_text(from_on)
    return f"{start} – {day_text(to_on)}"


def age_text(seconds: float) -> str:
    """Return how old something is in its largest whole unit, e.g. 3 days."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        number = int(seconds // size)
        if number >= 1:
            return f"{number} {name}{'' if number == 1 else 's'}"
    return "less than a minute"
