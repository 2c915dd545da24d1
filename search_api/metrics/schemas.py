"""Shapes of the metrics endpoints."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from oltp.kit.metrics import METRICS


class Money(BaseModel):
    """An amount of money."""

    amount: int = Field(description="Minor units of the currency, e.g. cents.")
    currency: str = Field(description="ISO 4217 code.")


class Quotient(BaseModel):
    """A numerator over a denominator. To re-aggregate, add up numerators and denominators, never values."""

    numerator: Money | int
    denominator: int
    value: Money | float | None = Field(description="Null where the denominator is 0; ratios have six decimals.")


class Definition(BaseModel):
    """What a metric means."""

    label: str
    sentence: str
    note: str
    unit: str = Field(description="money, count or ratio.")
    grain: str
    is_additive: bool = Field(description="Whether rows may be added up; else a person may be in several of them.")


class Answer(BaseModel):
    """What every answer about metrics says of itself."""

    timezone: str = Field(description="IANA zone whose midnights part the store's days.")
    complete_through: dict[str, datetime] = Field(
        description="For each mart: everything committed before this moment is in the numbers."
    )
    definitions: dict[str, Definition] | None = Field(description="Present with `definitions=true`.")


class Day(BaseModel):
    """One store-day."""

    day: date
    metrics: dict[str, Money | Quotient | int]


class DailyAnswer(Answer):
    """Store-days, oldest first. A day without a row had no orders, refunds or visits."""

    from_: date = Field(serialization_alias="from", description="First day of the window.")
    to: date
    items: list[Day]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Period(BaseModel):
    """One cell of the cohort triangle; all null where the period is still to come."""

    period_index: int
    retained: int | None
    retention_rate: Quotient | None
    cohort_revenue: Money | None
    cohort_cum_revenue: Money | None
    lifetime_value: Quotient | None
    cohort_orders: int | None


class Cohort(BaseModel):
    """People by the period of their first order."""

    cohort_on: date = Field(description="First day of the cohort's month or week.")
    cohort_size: int
    periods: list[Period]


class CohortAnswer(Answer):
    """Cohorts, oldest first."""

    grain: str
    items: list[Cohort]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class SourceCredit(BaseModel):
    """What a channel and source was credited."""

    channel: str
    source: str | None
    attributed_revenue: Money
    orders: int = Field(description="Orders it was credited for; one order may be credited to several sources.")


class AttributionAnswer(Answer):
    """Credit by channel and source for the orders placed in the window; the totals are of the whole window."""

    from_: date = Field(serialization_alias="from", description="First day of the window.")
    to: date
    model: str
    attributed_revenue: Money
    orders: int
    items: list[SourceCredit]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


def definitions_of(names: list[str]) -> dict[str, Definition]:
    """Return the declared meaning of each metric."""
    return {
        name: Definition(
            label=metric.label,
            sentence=metric.sentence,
            note=metric.note,
            unit=metric.unit,
            grain=metric.grain,
            is_additive=metric.is_additive,
        )
        for name, metric in METRICS.items()
        if name in names
    }
