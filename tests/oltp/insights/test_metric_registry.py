"""The registry: every metric reads columns that its published table has, and says what it means."""

import pytest

from oltp.insights.models import CohortMetrics, DailyStoreMetrics, OrderAttribution, ProductSalesWindow
from oltp.kit.metrics import ATTRIBUTION, COHORTS, DAILY, METRICS, PRODUCTS, Metric

TABLES = {
    DAILY: DailyStoreMetrics,
    COHORTS: CohortMetrics,
    ATTRIBUTION: OrderAttribution,
    PRODUCTS: ProductSalesWindow,
}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_reads_what_is_published(metric: Metric) -> None:
    table = TABLES[metric.mart].__table__
    assert set(metric.columns) <= set(table.columns.keys())
    suffix = "_amount" if metric.unit == "money" else "_count"
    assert all(term.column.endswith(suffix) for term in metric.numerator)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_means(metric: Metric) -> None:
    assert metric.sentence.endswith(".")
    assert metric.label[0].isupper()
    assert not metric.note or metric.note.endswith(".")


def test_every_published_number_of_a_day_has_a_metric() -> None:
    columns = [column.name for column in DailyStoreMetrics.__table__.columns]
    numbers = {name for name in columns if name.endswith(("_amount", "_count"))}
    declared = {column for metric in METRICS.values() if metric.mart == DAILY for column in metric.columns}
    assert numbers == declared


def test_ratios_have_both_sides() -> None:
    assert all(metric.is_quotient for metric in METRICS.values() if metric.unit == "ratio")
