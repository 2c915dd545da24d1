"""From metric values to what the answer shows: money with its currency, quotients with both sides."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby

from oltp.insights.models import CohortMetrics
from oltp.insights.rules import MetricValue, evaluate, quotient
from oltp.kit.metrics import METRICS, Metric
from search_api.metrics.schemas import Cohort, Money, Period, Quotient


def render_value(value: MetricValue, currency: str) -> Money | Quotient | int:
    """Return the value in the answer's shape."""
    is_money = value.metric.unit == "money"
    if value.denominator is None:
        return Money(amount=value.numerator, currency=currency) if is_money else value.numerator
    return Quotient(
        numerator=Money(amount=value.numerator, currency=currency) if is_money else value.numerator,
        denominator=value.denominator,
        value=_quotient_value(value.value, currency),
    )


def _quotient_value(value: int | Decimal | None, currency: str) -> Money | float | None:
    # A Decimal here is a ratio, never money: JSON has no other number for it.
    if isinstance(value, Decimal):
        return float(value)
    return None if value is None else Money(amount=value, currency=currency)


def render_day(metrics: Iterable[Metric], row: Mapping[str, int], currency: str) -> dict[str, Money | Quotient | int]:
    """Return each metric of one day."""
    return {metric.name: render_value(evaluate(metric, row), currency) for metric in metrics}


def render_cohorts(cells: Iterable[CohortMetrics]) -> list[Cohort]:
    """Group cells, ordered by cohort and period, into cohorts."""
    cohorts = []
    for cohort_on, group in groupby(cells, key=lambda cell: cell.cohort_on):
        own = list(group)
        periods = [_period(cell) for cell in own]
        cohorts.append(Cohort(cohort_on=cohort_on, cohort_size=own[0].cohort_size_count, periods=periods))
    return cohorts


def _period(cell: CohortMetrics) -> Period:
    if cell.retained_count is None or cell.revenue_amount is None or cell.cum_revenue_amount is None:
        return Period(
            period_index=cell.period_index,
            retained=None,
            retention_rate=None,
            cohort_revenue=None,
            cohort_cum_revenue=None,
            lifetime_value=None,
            cohort_orders=None,
        )
    return Period(
        period_index=cell.period_index,
        retained=cell.retained_count,
        retention_rate=_over_size("retention_rate", cell.retained_count, cell),
        cohort_revenue=Money(amount=cell.revenue_amount, currency=cell.currency),
        cohort_cum_revenue=Money(amount=cell.cum_revenue_amount, currency=cell.currency),
        lifetime_value=_over_size("lifetime_value", cell.cum_revenue_amount, cell),
        cohort_orders=cell.orders_count,
    )


def _over_size(name: str, numerator: int, cell: CohortMetrics) -> Quotient:
    rendered = render_value(quotient(METRICS[name], numerator, cell.cohort_size_count), cell.currency)
    assert isinstance(rendered, Quotient)
    return rendered
