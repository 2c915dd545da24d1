"""The page of a store: everything its template shows, from one overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oltp.insights.models import ProductSalesWindow
from oltp.insights.queries import Overview
from oltp.insights.rules import fill_days
from oltp.kit.metrics import METRICS
from oltp.tenancy.models import Store
from search_api.dashboard.charts import channel_chart, cohort_chart, order_value_chart, orders_chart, sales_chart
from search_api.dashboard.choice import MODEL_LABELS, RANGES, VIEWS, Choice
from search_api.dashboard.formatting import Formatter, age_text, window_text
from search_api.dashboard.tiles import TILES, make_tiles

STALE_AFTER = timedelta(hours=24)
NET = {"accounting": "net_sales", "order": "order_view_net_sales"}
COLUMNS = tuple(
    dict.fromkeys(column for name in (*TILES, *NET.values(), "sales_reversals") for column in METRICS[name].columns)
)
DEFINED = (
    *TILES,
    "order_view_net_sales",
    "discounts",
    "sales_reversals",
    "retention_rate",
    "cohort_size",
    "attributed_revenue",
    "product_gross_sales",
    "product_units",
)


@dataclass(frozen=True)
class Freshness:
    """How far the numbers go: the earliest of the marts on the page."""

    moment: datetime
    text: str
    zone: str
    age: str | None
    marts: str


@dataclass(frozen=True)
class ProductRow:
    """A line of the table of best-selling products; `share` is of the best one, in per cent, for its bar."""

    rank: int
    name: str
    sku: str
    units: str
    gross_sales: str
    share: int


def make_page(overview: Overview, *, store: Store, choice: Choice, now: datetime) -> dict[str, Any]:
    """Return what the template `overview.html` needs."""
    formatter = Formatter(overview.span.currency, store.locale, store.timezone)
    return {
        "tiles": make_tiles(overview, net=NET[choice.view], formatter=formatter),
        "window": overview.window,
        "window_text": window_text(overview.window.from_on, overview.window.to_on),
        "span": overview.span,
        "before_text": window_text(overview.before.from_on, overview.before.to_on) if overview.before else None,
        "freshness": _freshness(overview, formatter, now),
        "charts": _charts(overview, choice, formatter),
        "d3_locale": formatter.d3_locale,
        "products": _products(overview.products, formatter),
        "products_window": _products_window(overview.products),
        "net_label": METRICS[NET[choice.view]].label,
        "definitions": [METRICS[name] for name in DEFINED],
        "metrics": METRICS,
        "ranges": RANGES,
        "views": VIEWS,
        "models": MODEL_LABELS,
    }


def _charts(overview: Overview, choice: Choice, formatter: Formatter) -> dict[str, Any]:
    days = fill_days({row.day: row.numbers for row in overview.days}, overview.window, COLUMNS)
    cohorts, channels = overview.cohorts, overview.channels
    return {
        "sales": sales_chart(days, view=choice.view, formatter=formatter),
        "orders": orders_chart(days, formatter=formatter),
        "order_value": order_value_chart(days, formatter=formatter),
        "cohorts": cohort_chart(cohorts, formatter=formatter) if cohorts else None,
        "channels": channel_chart(channels, formatter=formatter) if channels else None,
    }


def _freshness(overview: Overview, formatter: Formatter, now: datetime) -> Freshness | None:
    if not overview.published:
        return None
    moment = min(overview.published.values())
    marts = "; ".join(
        f"{mart.replace('_', ' ')}: {formatter.moment(taken_at)}" for mart, taken_at in overview.published.items()
    )
    is_stale = now - moment > STALE_AFTER
    return Freshness(
        moment=moment,
        text=formatter.moment(moment),
        zone=formatter.offset(moment),
        age=age_text((now - moment).total_seconds()) if is_stale else None,
        marts=marts,
    )


def _products(rows: Sequence[ProductSalesWindow], formatter: Formatter) -> list[ProductRow]:
    best = max((row.gross_sales_amount for row in rows), default=0)
    return [
        ProductRow(
            rank=row.rank,
            name=row.name,
            sku=row.sku,
            units=formatter.count(row.units_count),
            gross_sales=formatter.money(row.gross_sales_amount),
            share=int(Decimal(100) * row.gross_sales_amount / best) if best > 0 else 0,
        )
        for row in rows
    ]


def _products_window(rows: Sequence[ProductSalesWindow]) -> str | None:
    return f"{window_text(rows[0].starts_on, rows[0].ends_on)} ({rows[0].window_days} days)" if rows else None
