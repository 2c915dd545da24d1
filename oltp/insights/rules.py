"""Rules of insights: windows of store-days, sums over them, and the value of a metric. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from oltp.insights.errors import InvalidWindow, UnknownMetric, UnknownModel
from oltp.kit.metrics import DAILY, Metric, add_up, metrics_of

MODELS = ("first", "last", "last_non_direct", "linear")
DEFAULT_DAYS = 90
# Ratios are handed out with six decimals: finer than any count they can come from, and the same on every machine.
_RATIO_STEP = Decimal("0.000001")


@dataclass(frozen=True)
class Window:
    """Store-days from `from_on` to `to_on`, both included."""

    from_on: date
    to_on: date

    @property
    def days_count(self) -> int:
        """How many days the window has."""
        return (self.to_on - self.from_on).days + 1

    def preceding(self) -> "Window | None":
        """Return the window of equal length that ends the day before this one; None before the first year."""
        try:
            return Window(self.from_on - timedelta(self.days_count), self.from_on - timedelta(1))
        except OverflowError:
            return None


@dataclass(frozen=True)
class MetricValue:
    """A metric over some rows. `value` is minor units or a count as int, a ratio as Decimal; None without a basis."""

    metric: Metric
    numerator: int
    denominator: int | None
    value: int | Decimal | None


def choose_window(*, from_on: date | None, to_on: date | None, last_on: date, days_count: int = DEFAULT_DAYS) -> Window:
    """Return the asked window; what is left open ends at `last_on` and spans `days_count` days.

    It ends at the last published day, not today: an imported year of the past must show. Errors: InvalidWindow.
    """
    if from_on is not None and to_on is None:
        to_on = max(last_on, from_on)
    to_on = to_on or last_on
    if from_on is None:
        from_on = max(to_on - timedelta(min(days_count - 1, (to_on - date.min).days)), date.min)
    if from_on > to_on:
        raise InvalidWindow(from_on=from_on, to_on=to_on, field="query.from")
    return Window(from_on, to_on)


def clip(window: Window, within: Window) -> Window | None:
    """Return the part of `window` that lies within another; None if there is none."""
    from_on, to_on = max(window.from_on, within.from_on), min(window.to_on, within.to_on)
    return Window(from_on, to_on) if from_on <= to_on else None


def comparable(window: Window, within: Window) -> Window | None:
    """Return the preceding window of equal length if all of it was published, else None: half of it would mislead."""
    before = window.preceding()
    return before if before is not None and before.from_on >= within.from_on else None


def months_before(day: date, count: int) -> date:
    """Return the first day of the month `count` months before that of `day`."""
    months = max(day.year * 12 + day.month - 1 - count, 12)
    return date(months // 12, months % 12 + 1, 1)


def fill_days(
    rows: Mapping[date, Mapping[str, int]], window: Window, columns: Sequence[str]
) -> list[tuple[date, dict[str, int]]]:
    """Return every day of the window; one without a row had nothing happen, so it is 0."""
    nothing = dict.fromkeys(columns, 0)
    days = (window.from_on + timedelta(n) for n in range(window.days_count))
    return [(day, {**nothing, **rows.get(day, {})}) for day in days]


def choose_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Return the daily metrics of these names, in their declared order; all of them for none. Errors: UnknownMetric."""
    wanted = {name.strip() for name in names if name.strip()}
    known = {metric.name: metric for metric in metrics_of(DAILY)}
    for name in sorted(wanted - set(known)):
        raise UnknownMetric(name=name[:100], known=", ".join(known), field="query.metrics")
    return tuple(metric for name, metric in known.items() if not wanted or name in wanted)


def check_model(name: str) -> str:
    """Return the attribution model. Errors: UnknownModel."""
    if name not in MODELS:
        raise UnknownModel(name=name[:100], known=", ".join(MODELS), field="query.model")
    return name


def add_rows(rows: Iterable[Mapping[str, int]], columns: Sequence[str]) -> dict[str, int]:
    """Return the sum of each column."""
    totals = dict.fromkeys(columns, 0)
    for row in rows:
        for column in columns:
            totals[column] += row[column]
    return totals


def evaluate(metric: Metric, row: Mapping[str, int]) -> MetricValue:
    """Return the metric's value over `row` (one row, or sums of rows for an additive metric)."""
    numerator = add_up(metric.numerator, row)
    if not metric.is_quotient:
        return MetricValue(metric, numerator, None, numerator)
    return quotient(metric, numerator, add_up(metric.denominator, row))


def quotient(metric: Metric, numerator: int, denominator: int) -> MetricValue:
    """Return numerator over denominator: a ratio, or money per one of them in minor units, half-even."""
    if denominator == 0:
        return MetricValue(metric, numerator, denominator, None)
    exact = Decimal(numerator) / Decimal(denominator)
    if metric.unit == "money":
        return MetricValue(metric, numerator, denominator, int(exact.to_integral_value(ROUND_HALF_EVEN)))
    return MetricValue(metric, numerator, denominator, exact.quantize(_RATIO_STEP, ROUND_HALF_EVEN))


def change_of(metric: Metric, now: MetricValue, before: MetricValue) -> Decimal | None:
    """Return the change from `before` to `now`: as a share of before, for a ratio in percentage points / 100.

    None where there is nothing to compare with. A negative or zero base has no meaningful share.
    """
    if now.value is None or before.value is None:
        return None
    if metric.unit == "ratio":
        return Decimal(now.value) - Decimal(before.value)
    if before.value <= 0:
        return None
    return (Decimal(now.value) - Decimal(before.value)) / Decimal(before.value)
