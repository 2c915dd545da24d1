"""Metrics bound to SQL: for each declared metric, the expression that computes it over the rows of its mart."""

from dataclasses import dataclass

from oltp.kit.metrics import METRICS, Metric, Term
from warehouse.model import Model
from warehouse.models import MODELS


@dataclass(frozen=True)
class MetricBinding:
    """`numerator` and `denominator` are integer SQL aggregates over any set of the mart's rows.

    A quotient has no value where its denominator is 0. For a metric that is not additive the expression is right only
    over one row of its grain.
    """

    metric: Metric
    model: Model
    numerator: str
    denominator: str | None


def _sum(terms: tuple[Term, ...]) -> str:
    parts = [f"{'-' if term.sign < 0 else '+'} COALESCE(SUM({term.column}), 0)" for term in terms]
    return " ".join(parts).removeprefix("+ ")


def _bind(metric: Metric) -> MetricBinding:
    model = MODELS[f"marts.{metric.mart}"]
    unknown = set(metric.columns) - set(model.names)
    if unknown:
        raise ValueError(f"The metric {metric.name} names columns that {model.full_name} lacks: {sorted(unknown)}.")
    denominator = _sum(metric.denominator) if metric.denominator else None
    return MetricBinding(metric, model, _sum(metric.numerator), denominator)


BINDINGS: dict[str, MetricBinding] = {name: _bind(metric) for name, metric in METRICS.items()}
