"""Metric: what a declaration of a number says. The declarations stand in `metrics`.

A metric reads integer columns of one published mart. A ratio is kept as two sums, so that any window re-aggregates
exactly; it has no value where its denominator is 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "count", "ratio"]
DAILY, COHORTS, ATTRIBUTION, PRODUCTS = (
    "daily_store_metrics",
    "cohort_metrics",
    "order_attribution",
    "product_sales_window",
)


@dataclass(frozen=True)
class Term:
    """A column that is added (sign 1) or subtracted (sign −1)."""

    column: str
    sign: Literal[1, -1] = 1


@dataclass(frozen=True)
class Metric:
    """What a number means. `unit` money with a denominator is money per one of them (minor units, half-even).

    `is_additive` false: values of several rows must not be added up, because the same person may be in more than one.
    """

    name: str
    label: str
    sentence: str
    unit: Unit
    grain: str
    mart: str
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()
    note: str = ""
    is_additive: bool = True

    @property
    def is_quotient(self) -> bool:
        """Whether the metric is a numerator over a denominator."""
        return bool(self.denominator)

    @property
    def column(self) -> str | None:
        """The one column that holds the metric, if it is simply a column."""
        simple = not self.denominator and len(self.numerator) == 1 and self.numerator[0].sign == 1
        return self.numerator[0].column if simple else None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the metric reads, in order of first use."""
        return tuple(dict.fromkeys(term.column for term in (*self.numerator, *self.denominator)))

    @property
    def definition(self) -> str:
        """Sentence and edge cases, as people read them."""
        return f"{self.sentence} {self.note}".strip()


def add_up(terms: Iterable[Term], row: Mapping[str, int]) -> int:
    """Return the signed sum of the columns in `row`."""
    return sum(term.sign * row[term.column] for term in terms)


def plus(*columns: str) -> tuple[Term, ...]:
    """Return terms that add the columns up."""
    return tuple(Term(column) for column in columns)
