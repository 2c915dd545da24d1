"""Metrics: published store-days, cohorts and attribution of the caller's store."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from oltp.insights.queries import (
    Credit,
    find_span,
    list_cohorts,
    list_days,
    list_publications,
    list_sources,
    sum_attribution,
)
from oltp.insights.rules import DEFAULT_DAYS, MODELS, check_model, choose_metrics, choose_window
from oltp.kit.metrics import ATTRIBUTION, COHORTS, DAILY, metrics_of
from oltp.tenancy.queries import get_store
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.metrics.rendering import render_cohorts, render_day
from search_api.metrics.schemas import (
    AttributionAnswer,
    CohortAnswer,
    DailyAnswer,
    Day,
    Money,
    SourceCredit,
    definitions_of,
)
from search_api.pages import InvalidCursor, decode_cursor, encode_cursor

router = APIRouter(tags=["metrics"])

Viewer = Annotated[Caller, Depends(require("analytics.view"))]
From = Annotated[
    date | None, Query(alias="from", description=f"First store-day; default: {DEFAULT_DAYS} days up to `to`.")
]
To = Annotated[date | None, Query(alias="to", description="Last store-day; default: the last published one.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Definitions = Annotated[bool, Query(description="Also return what each metric means.")]
Metrics = Annotated[str | None, Query(max_length=2000, description="Names, separated by commas; default: all.")]
Model = Annotated[str, Query(max_length=100, description=f"One of {', '.join(MODELS)}.")]
DayLimit = Annotated[int, Query(ge=1, le=400)]
CohortLimit = Annotated[int, Query(ge=1, le=60)]
SourceLimit = Annotated[int, Query(ge=1, le=400)]


@router.get("/v1/metrics/daily", summary="Metrics by store-day")
def list_daily_metrics(
    caller: Viewer,
    session: StoreSession,
    clock: CurrentClock,
    from_on: From = None,
    to_on: To = None,
    metrics: Metrics = None,
    definitions: Definitions = False,
    limit: DayLimit = 100,
    cursor: Cursor = None,
) -> DailyAnswer:
    """Return the store-days of a window, oldest first, each with the metrics asked for."""
    chosen = choose_metrics((metrics or "").split(","))
    after_on = _day_of(cursor)
    about = _about(session, store_id=caller.store_id, marts=(DAILY,),
                   names=[metric.name for metric in chosen] if definitions else None)
    span = find_span(session, store_id=caller.store_id)
    window = choose_window(from_on=from_on, to_on=to_on, last_on=span.last_on if span else clock.now().date())
    columns = [column for metric in chosen for column in metric.columns]
    rows = list_days(
        session, store_id=caller.store_id, window=window, columns=columns, after_on=after_on, limit=limit + 1
    )
    currency = span.currency if span else ""
    items = [Day(day=row.day, metrics=render_day(chosen, row.numbers, currency)) for row in rows[:limit]]
    following = encode_cursor([items[-1].day.isoformat()]) if len(rows) > limit else None
    return DailyAnswer(from_=window.from_on, to=window.to_on, items=items, next=following, **about)


@router.get("/v1/metrics/cohorts", summary="Cohort triangle")
def list_cohort_metrics(
    caller: Viewer,
    session: StoreSession,
    grain: Annotated[Literal["month", "week"], Query(description="Calendar months or weeks (from Monday).")] = "month",
    definitions: Definitions = False,
    limit: CohortLimit = 24,
    cursor: Cursor = None,
) -> CohortAnswer:
    """Return cohorts of customers by their first order, oldest first, each with all its periods."""
    after_on = _day_of(cursor)
    names = [metric.name for metric in metrics_of(COHORTS)] if definitions else None
    about = _about(session, store_id=caller.store_id, marts=(COHORTS,), names=names)
    cells = list_cohorts(session, store_id=caller.store_id, grain=grain, after_on=after_on, limit=limit + 1)
    cohorts = render_cohorts(cells)
    following = encode_cursor([cohorts[limit - 1].cohort_on.isoformat()]) if len(cohorts) > limit else None
    return CohortAnswer(grain=grain, items=cohorts[:limit], next=following, **about)


@router.get("/v1/metrics/attribution", summary="Revenue credited to channels and sources")
def list_attribution(
    caller: Viewer,
    session: StoreSession,
    clock: CurrentClock,
    from_on: From = None,
    to_on: To = None,
    model: Model = "last_non_direct",
    definitions: Definitions = False,
    limit: SourceLimit = 100,
    cursor: Cursor = None,
) -> AttributionAnswer:
    """Return what each channel and source is credited for the orders placed in a window, by the chosen model."""
    check_model(model)
    after = decode_cursor(cursor, length=2) if cursor else None
    names = [metric.name for metric in metrics_of(ATTRIBUTION)] if definitions else None
    about = _about(session, store_id=caller.store_id, marts=(ATTRIBUTION,), names=names)
    span = find_span(session, store_id=caller.store_id)
    window = choose_window(from_on=from_on, to_on=to_on, last_on=span.last_on if span else clock.now().date())
    asked: dict[str, Any] = {"store_id": caller.store_id, "model": model, "window": window}
    credits = list_sources(session, after=(after[0], after[1]) if after else None, limit=limit + 1, **asked)
    total, orders = sum_attribution(session, **asked)
    currency = span.currency if span else get_store(session, store_id=caller.store_id).currency
    last = credits[limit - 1] if len(credits) > limit else None
    return AttributionAnswer(
        from_=window.from_on,
        to=window.to_on,
        model=model,
        attributed_revenue=Money(amount=total, currency=currency),
        orders=orders,
        items=[_source(credit, currency) for credit in credits[:limit]],
        next=encode_cursor([last.channel, last.source or ""]) if last else None,
        **about,
    )


def _source(credit: Credit, currency: str) -> SourceCredit:
    return SourceCredit(
        channel=credit.channel,
        source=credit.source or None,
        attributed_revenue=Money(amount=credit.credit_amount, currency=currency),
        orders=credit.orders_count,
    )


def _about(session: Session, *, store_id: UUID, marts: tuple[str, ...], names: list[str] | None) -> dict[str, Any]:
    """Return the fields every answer has: the zone, how far the marts go, the definitions if asked for."""
    published = list_publications(session, store_id=store_id)
    return {
        "timezone": get_store(session, store_id=store_id).timezone,
        "complete_through": {mart: published[mart] for mart in marts if mart in published},
        "definitions": None if names is None else definitions_of(names),
    }


def _day_of(cursor: str | None) -> date | None:
    if cursor is None:
        return None
    try:
        return date.fromisoformat(decode_cursor(cursor, length=1)[0])
    except ValueError:
        raise InvalidCursor(field="query.cursor") from None
