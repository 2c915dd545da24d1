"""Metrics, each declared once: assets, checks, API fields, dashboard tiles and documentation derive from here."""

from oltp.kit.daily_metrics import DAILY_METRICS
from oltp.kit.metric import ATTRIBUTION, COHORTS, DAILY, PRODUCTS, Metric, Term, Unit, add_up, plus

__all__ = ["ATTRIBUTION", "COHORTS", "DAILY", "METRICS", "PRODUCTS", "Metric", "Term", "Unit", "add_up", "metrics_of"]


def _period(
    name: str,
    label: str,
    unit: Unit,
    sentence: str,
    numerator: str | tuple[Term, ...],
    denominator: tuple[Term, ...] = (),
    *,
    note: str = "",
    is_additive: bool = True,
) -> Metric:
    terms = plus(numerator) if isinstance(numerator, str) else numerator
    return Metric(
        name, label, sentence, unit, "store, cohort and period", COHORTS, terms, denominator, note, is_additive
    )


COHORT_METRICS = (
    _period(
        "cohort_size",
        "Cohort size",
        "count",
        "People whose first order fell into the cohort's month or week.",
        "cohort_size_count",
        is_additive=False,
    ),
    _period(
        "retained",
        "Retained customers",
        "count",
        "People of the cohort who ordered in the n-th calendar month (or week) after the first one.",
        "retained_count",
        note="0 where nobody did, empty where the period is still to come.",
        is_additive=False,
    ),
    _period(
        "retention_rate",
        "Retention",
        "ratio",
        "Retained customers divided by the size of the cohort.",
        plus("retained_count"),
        plus("cohort_size_count"),
        note="Empty where the period is still to come.",
    ),
    _period(
        "cohort_revenue",
        "Cohort revenue",
        "money",
        "Gross sales less discounts less reversals of what the cohort ordered in the period (order view).",
        "revenue_amount",
    ),
    _period(
        "cohort_cum_revenue",
        "Cohort revenue to date",
        "money",
        "Cohort revenue from its first period up to this one.",
        "cum_revenue_amount",
        is_additive=False,
    ),
    _period(
        "lifetime_value",
        "Lifetime value",
        "money",
        "Cohort revenue to date divided by the size of the cohort.",
        plus("cum_revenue_amount"),
        plus("cohort_size_count"),
        is_additive=False,
    ),
    _period("cohort_orders", "Cohort orders", "count", "Orders the cohort placed in the period.", "orders_count"),
)

ATTRIBUTION_METRICS = (
    Metric(
        "attributed_revenue",
        "Attributed revenue",
        "Gross sales less discounts of an order, credited to the visits of the 30 days before it by the chosen model.",
        "money",
        "order, model and touch",
        ATTRIBUTION,
        plus("credit_amount"),
        note="The credits of an order add up to it exactly; an order without a known visit is 'unattributed'.",
    ),
)

PRODUCT_METRICS = (
    Metric(
        "product_units",
        "Units",
        "Pieces of the product on orders placed within the window.",
        "count",
        "store, window and product",
        PRODUCTS,
        plus("units_count"),
    ),
    Metric(
        "product_gross_sales",
        "Product gross sales",
        "Gross sales of the product on orders placed within the window.",
        "money",
        "store, window and product",
        PRODUCTS,
        plus("gross_sales_amount"),
    ),
)

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*DAILY_METRICS, *COHORT_METRICS, *ATTRIBUTION_METRICS, *PRODUCT_METRICS)
}


def metrics_of(mart: str) -> tuple[Metric, ...]:
    """Return the metrics of one mart, in the order of their declaration."""
    return tuple(metric for metric in METRICS.values() if metric.mart == mart)
