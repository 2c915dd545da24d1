"""Reads of insights: published rows only, each within one store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, distinct, func, select, tuple_
from sqlalchemy.orm import Session

from oltp.customers.models import Subject
from oltp.insights.models import CohortMetrics, DailyStoreMetrics, OrderAttribution, ProductSalesWindow, Publication
from oltp.insights.rules import DEFAULT_DAYS, Window, choose_window, clip, comparable, months_before
from oltp.kit.metrics import ATTRIBUTION
from oltp.orders.models import Order


@dataclass(frozen=True)
class Span:
    """The published days of a store, first and last, and the currency of their money."""

    first_on: date
    last_on: date
    currency: str

    @property
    def window(self) -> Window:
        """All published days."""
        return Window(self.first_on, self.last_on)


@dataclass(frozen=True)
class DayRow:
    """One published store-day: integer columns by name."""

    day: date
    numbers: dict[str, int]


@dataclass(frozen=True)
class Credit:
    """What a channel (and source, where asked) was credited; an order may have touched several."""

    channel: str
    source: str | None
    credit_amount: int
    orders_count: int


@dataclass(frozen=True)
class CustomerCounts:
    """Distinct people who ordered in a window, and those of them for whom an order in it was a return."""

    customers_count: int
    returning_count: int


@dataclass(frozen=True)
class Overview:
    """What the first page of a store shows. `before` is the preceding window of equal length, if all of it exists.

    `customers` belongs to the window, `customers_before` to `before`; both None without a published attribution.
    """

    span: Span
    published: dict[str, datetime]
    window: Window
    before: Window | None
    days: list[DayRow]
    days_before: list[DayRow]
    customers: CustomerCounts | None
    customers_before: CustomerCounts | None
    cohorts: list[CohortMetrics]
    channels: list[Credit]
    products: list[ProductSalesWindow]


def find_overview(
    session: Session,
    *,
    store_id: UUID,
    model: str,
    columns: Sequence[str],
    from_on: date | None = None,
    to_on: date | None = None,
    days_count: int | None = DEFAULT_DAYS,
) -> Overview | None:
    """Return the overview of a window clipped to the published days; None before the first publication.

    `days_count` None means all days. A window without any published day becomes the default one. The number of
    statements does not depend on the data. Errors: InvalidWindow.
    """
    span = find_span(session, store_id=store_id)
    if span is None:
        return None
    default = choose_window(from_on=None, to_on=None, last_on=span.last_on, days_count=days_count or DEFAULT_DAYS)
    asked = choose_window(from_on=from_on, to_on=to_on, last_on=span.last_on, days_count=days_count or DEFAULT_DAYS)
    if days_count is None and from_on is None and to_on is None:
        asked = span.window
    window = clip(asked, span.window) or clip(default, span.window) or span.window
    before = comparable(window, span.window)
    reach = Window(before.from_on if before else window.from_on, window.to_on)
    days = list_days(session, store_id=store_id, window=reach, columns=columns)
    published = list_publications(session, store_id=store_id)
    people = count_customers(session, store_id=store_id, windows=[window, before or window])
    is_known = ATTRIBUTION in published
    return Overview(
        span=span,
        published=published,
        window=window,
        before=before,
        days=[row for row in days if row.day >= window.from_on],
        days_before=[row for row in days if row.day < window.from_on],
        customers=people[0] if is_known else None,
        customers_before=people[1] if is_known and before else None,
        cohorts=list_cohorts(session, store_id=store_id, grain="month", after_on=months_before(span.last_on, 13)),
        channels=list_channels(session, store_id=store_id, model=model, window=window),
        products=list_top_products(session, store_id=store_id, days_count=window.days_count),
    )


def find_span(session: Session, *, store_id: UUID) -> Span | None:
    """Return the first and last published day, or None before the first publication."""
    days = DailyStoreMetrics
    row = session.execute(
        select(func.min(days.store_day), func.max(days.store_day), func.max(days.currency)).where(
            days.store_id == store_id
        )
    ).one()
    return None if row[0] is None else Span(row[0], row[1], row[2])


def list_publications(session: Session, *, store_id: UUID) -> dict[str, datetime]:
    """Return for each published mart the moment (UTC) up to which it is complete."""
    rows = session.execute(
        select(Publication.mart, Publication.taken_at)
        .where(Publication.store_id == store_id)
        .order_by(Publication.mart)
    )
    return {row.mart: row.taken_at for row in rows}


def list_days(
    session: Session,
    *,
    store_id: UUID,
    window: Window,
    columns: Sequence[str],
    after_on: date | None = None,
    limit: int | None = None,
) -> list[DayRow]:
    """Return the window's published days in order, with `columns`.

    Days on which nothing happened have no row. `after_on` is the keyset: the last day already read.
    """
    days = DailyStoreMetrics
    wanted = tuple(dict.fromkeys(columns))
    query = select(days.store_day, *(getattr(days, column) for column in wanted)).where(
        days.store_id == store_id, days.store_day.between(window.from_on, window.to_on)
    )
    if after_on is not None:
        query = query.where(days.store_day > after_on)
    rows = session.execute(query.order_by(days.store_day).limit(limit))
    return [DayRow(row[0], dict(zip(wanted, row[1:], strict=True))) for row in rows]


def list_cohorts(
    session: Session, *, store_id: UUID, grain: str, after_on: date | None = None, limit: int | None = None
) -> list[CohortMetrics]:
    """Return all cells of the next `limit` cohorts, by cohort and period; periods still to come hold None."""
    cells = CohortMetrics
    own = (cells.store_id == store_id, cells.cohort_grain == grain)
    cohorts = select(cells.cohort_on).distinct().where(*own)
    if after_on is not None:
        cohorts = cohorts.where(cells.cohort_on > after_on)
    cohorts = cohorts.order_by(cells.cohort_on).limit(limit)
    query = select(cells).where(*own, cells.cohort_on.in_(cohorts)).order_by(cells.cohort_on, cells.period_index)
    return list(session.scalars(query))


def list_channels(session: Session, *, store_id: UUID, model: str, window: Window) -> list[Credit]:
    """Return the credit of each channel for orders placed in the window, largest first."""
    credit = func.sum(OrderAttribution.credit_amount)
    query = (
        select(OrderAttribution.channel, credit, func.count(distinct(OrderAttribution.order_id)))
        .where(*_placed_in(store_id, model, window))
        .group_by(OrderAttribution.channel)
        .order_by(credit.desc(), OrderAttribution.channel)
    )
    return [Credit(channel, None, int(amount), count) for channel, amount, count in session.execute(query)]


def list_sources(
    session: Session,
    *,
    store_id: UUID,
    model: str,
    window: Window,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
) -> list[Credit]:
    """Return the credit of each channel and source for orders placed in the window, by channel and source."""
    source = func.coalesce(OrderAttribution.source, "")
    query = (
        select(
            OrderAttribution.channel,
            source,
            func.sum(OrderAttribution.credit_amount),
            func.count(distinct(OrderAttribution.order_id)),
        )
        .where(*_placed_in(store_id, model, window))
        .group_by(OrderAttribution.channel, source)
        .order_by(OrderAttribution.channel, source)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(OrderAttribution.channel, source) > tuple_(*after))
    return [Credit(channel, name, int(amount), count) for channel, name, amount, count in session.execute(query)]


def sum_attribution(session: Session, *, store_id: UUID, model: str, window: Window) -> tuple[int, int]:
    """Return what was credited in all (minor units), and the number of different orders."""
    query = select(
        func.coalesce(func.sum(OrderAttribution.credit_amount), 0), func.count(distinct(OrderAttribution.order_id))
    ).where(*_placed_in(store_id, model, window))
    amount, count = session.execute(query).one()
    return int(amount), count


def _placed_in(store_id: UUID, model: str, window: Window) -> tuple[ColumnElement[bool], ...]:
    row = OrderAttribution
    return row.store_id == store_id, row.model == model, row.placed_on.between(window.from_on, window.to_on)


def count_customers(session: Session, *, store_id: UUID, windows: Sequence[Window]) -> list[CustomerCounts]:
    """Return for each window its distinct customers and the returning ones among them.

    Daily counts can't tell: the same person may come on two days. Which orders count, and on which store-day, is
    read from the published attribution, which has every counted order once under the model `first`. An order
    without any contact is nobody's.
    """
    person = func.coalesce(Subject.linked_subject_id, Subject.id)
    placed = (
        select(person.label("person"), OrderAttribution.placed_on)
        .join(Order, (Order.store_id == OrderAttribution.store_id) & (Order.id == OrderAttribution.order_id))
        .join(Subject, (Subject.store_id == Order.store_id) & (Subject.id == Order.subject_id))
        .where(OrderAttribution.store_id == store_id, OrderAttribution.model == "first")
        .where((Subject.kind != "order") | Subject.linked_subject_id.is_not(None))
        .cte("placed")
    )
    first = (
        select(placed.c.person, func.min(placed.c.placed_on).label("first_on")).group_by(placed.c.person).cte("first")
    )
    query = select().select_from(placed.join(first, first.c.person == placed.c.person))
    for window in windows:
        inside = placed.c.placed_on.between(window.from_on, window.to_on)
        people: Any = func.count(distinct(placed.c.person))
        query = query.add_columns(
            people.filter(inside), people.filter(inside & (placed.c.placed_on > first.c.first_on))
        )
    counts = list(session.execute(query).one()) if windows else []
    return [CustomerCounts(*pair) for pair in zip(counts[::2], counts[1::2], strict=True)]


def list_top_products(
    session: Session, *, store_id: UUID, days_count: int, limit: int = 8
) -> list[ProductSalesWindow]:
    """Return the best-selling products of the published window nearest to `days_count` days."""
    rows = ProductSalesWindow
    nearest = (
        select(rows.window_days)
        .where(rows.store_id == store_id)
        .order_by(func.abs(rows.window_days - days_count), rows.window_days)
        .limit(1)
        .scalar_subquery()
    )
    query = select(rows).where(rows.store_id == store_id, rows.window_days == nearest).order_by(rows.rank).limit(limit)
    return list(session.scalars(query))
