"""The tiles at the top: a metric over the window, and how it changed against the window before."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from oltp.insights.queries import CustomerCounts, DayRow, Overview
from oltp.insights.rules import MetricValue, add_rows, change_of, evaluate, quotient
from oltp.kit.metrics import METRICS
from search_api.dashboard.formatting import Formatter

ADDITIVE = ("gross_sales", "net_sales", "orders", "average_order_value")
TILES = (*ADDITIVE, "returning_customer_rate", "conversion_rate")


@dataclass(frozen=True)
class Tile:
    """One tile. `direction` is up, down or flat; `change` is None where nothing can be compared."""

    name: str
    label: str
    definition: str
    value: str
    change: str | None
    direction: str


def make_tiles(overview: Overview, *, net: str, formatter: Formatter) -> list[Tile]:
    """Return the tiles; `net` names the metric of the chosen sales view that stands for net sales."""
    names = [net if name == "net_sales" else name for name in TILES]
    now = {name: _value(name, overview.days, overview.customers) for name in names}
    before = {name: _value(name, overview.days_before, overview.customers_before) for name in names}
    return [_tile(now[name], before[name] if overview.before else None, formatter) for name in names]


def _value(name: str, days: Sequence[DayRow], customers: CustomerCounts | None) -> MetricValue:
    metric = METRICS[name]
    if name != "returning_customer_rate":
        return evaluate(metric, add_rows([row.numbers for row in days], metric.columns))
    # Days don't add up here: over a window each person counts once.
    if customers is None:
        return MetricValue(metric, 0, 0, None)
    return quotient(metric, customers.returning_count, customers.customers_count)


def _tile(now: MetricValue, before: MetricValue | None, formatter: Formatter) -> Tile:
    metric = now.metric
    change = None if before is None else change_of(metric, now, before)
    return Tile(
        name=metric.name,
        label=metric.label,
        definition=metric.definition,
        value=formatter.value(now),
        change=None if change is None else _change_text(change, formatter, is_ratio=metric.unit == "ratio"),
        direction="flat" if not change else "up" if change > 0 else "down",
    )


def _change_text(change: Decimal, formatter: Formatter, *, is_ratio: bool) -> str:
    text = formatter.share(abs(change))
    # A rate moves by percentage points; "+10 %" of a rate would be read as either.
    return f"{text.rstrip('%').rstrip()} pp" if is_ratio else text
