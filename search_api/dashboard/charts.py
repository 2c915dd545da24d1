"""Charts as Vega-Lite specs, made with Altair. Colours are the page's CSS variables, so they follow its theme."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from oltp.insights.models import CohortMetrics
from oltp.insights.queries import Credit
from oltp.insights.rules import evaluate
from oltp.kit.metrics import METRICS
from oltp.kit.money import from_minor
from search_api.dashboard.formatting import Formatter, day_text

Days = Sequence[tuple[date, dict[str, int]]]
Spec = dict[str, Any]

ACCENT, QUIET, INK, MUTED, LINE, SURFACE = (
    f"var(--{name})" for name in ("accent", "quiet", "ink", "muted", "line", "surface")
)
_MOST_BARS = 120
_FEW_DAYS = 14
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_CONFIG: Spec = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 12,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": LINE,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    },
    "axisX": {"grid": False, "labelFlush": True},
}


def major(amount: int, currency: str) -> float:
    """Return minor units as a float in major units: for the height of a mark only; labels are made from integers."""
    return float(from_minor(amount, currency))


def _spec(chart: Any, *, height: int) -> Spec:  # noqa: ANN401 - Altair's chart classes share no useful base
    spec: Spec = chart.properties(
        width="container", height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    ).to_dict()
    spec["config"] = _CONFIG
    return spec


def _day_axis(days: Days) -> alt.X:
    # The scale is UTC because a plain date is read as midnight UTC: a local scale would show the day before it
    # to everybody west of Greenwich.
    pattern = "%-d %b" if len(days) <= 200 else "%b %Y"
    # Left to a number of ticks, a few days would get several a day, all of one name.
    ticks: Spec = {"interval": "day", "step": 1} if len(days) <= _FEW_DAYS else {
        "expr": "max(2, floor(width / 90))"}
    return alt.X(
        "day:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format=pattern, tickCount=ticks, labelOverlap=True),
    )


def _points(days: Days, color: str) -> Any:  # noqa: ANN401 - False, or how points are drawn
    # A line from a day to nowhere can't be seen.
    return {"color": color, "size": 25} if len(days) <= _FEW_DAYS else False


def _amount_axis(values: Sequence[float], formatter: Formatter) -> alt.Axis:
    # The currency's sign goes around the whole label: a chart library's own format would say "6 €k".
    before, after = (json.dumps(part) for part in formatter.d3_locale["currency"])
    pattern = ",.2f" if max((abs(value) for value in values), default=0) < 20 else "~s"
    number = f"(datum.value < 0 ? '−' : '') + {before} + format(abs(datum.value), '{pattern}') + {after}"
    return alt.Axis(labelExpr=number, title=None, tickCount=5)


def _hover(base: alt.Chart, count: int, fields: Sequence[tuple[str, str]]) -> tuple[alt.Parameter, Any]:
    """Return what is pointed at, and the layer that notices it: one invisible strip a day, and a line where it is."""
    pointed = alt.selection_point(on="pointerover", clear="pointerout", fields=["day"], empty=False)
    tooltip = [alt.Tooltip(f"{field}:N", title=title) for field, title in fields]
    line = base.mark_rule(color=MUTED).encode(opacity=alt.condition(pointed, alt.value(0.5), alt.value(0)))
    strip = base.mark_rule(color=MUTED, opacity=0, strokeWidth={"expr": f"max(2, width / {count})"})
    return pointed, alt.layer(line, strip.encode(tooltip=tooltip).add_params(pointed))


def sales_chart(days: Days, *, view: str, formatter: Formatter) -> Spec:
    """Net and gross sales by day; `view` decides on which day a refund counts."""
    net = "net_sales_amount" if view == "accounting" else "order_view_net_sales_amount"
    values: list[Spec] = [
        {
            "day": day.isoformat(),
            "Day": f"{day:%a} {day_text(day)}",
            "net": major(row[net], formatter.currency),
            "gross": major(row["gross_sales_amount"], formatter.currency),
            "net_text": formatter.money(row[net]),
            "gross_text": formatter.money(row["gross_sales_amount"]),
        }
        for day, row in days
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(x=_day_axis(days))
    axis = _amount_axis([float(value["gross"]) for value in values], formatter)
    named = (("Day", "Day"), ("gross_text", "Gross sales"), ("net_text", "Net sales"))
    pointed, hover = _hover(base, len(days), named)
    area = base.mark_area(color=ACCENT, opacity=0.12).encode(y=alt.Y("net:Q", axis=axis))
    gross = base.mark_line(color=QUIET, strokeWidth=1.5, point=_points(days, QUIET)).encode(
        y=alt.Y("gross:Q", axis=axis))
    line = base.mark_line(color=ACCENT, strokeWidth=2, point=_points(days, ACCENT)).encode(y=alt.Y("net:Q", axis=axis))
    dot = base.mark_point(color=ACCENT, fill=SURFACE, size=45, strokeWidth=2, opacity=1).encode(
        y="net:Q", opacity=alt.condition(pointed, alt.value(1), alt.value(0))
    )
    return _spec(area + gross + line + dot + hover, height=280)


def orders_chart(days: Days, *, formatter: Formatter) -> Spec:
    """Orders by day, as bars while there is room for them."""
    values: list[Spec] = [
        {
            "day": day.isoformat(),
            "Day": f"{day:%a} {day_text(day)}",
            "orders": row["orders_count"],
            "text": formatter.count(row["orders_count"]),
        }
        for day, row in days
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(x=_day_axis(days))
    y = alt.Y("orders:Q", axis=alt.Axis(format="~s", title=None, tickCount=4, tickMinStep=1))
    pointed, hover = _hover(base, len(days), (("Day", "Day"), ("text", "Orders")))
    if len(days) <= _MOST_BARS:
        width = {"expr": f"max(1, width / {len(days)} - {1 if len(days) > 60 else 2})"}
        shade = alt.condition(pointed, alt.value(1), alt.value(0.75))
        bars = base.mark_bar(color=ACCENT, width=width, cornerRadiusEnd=2).encode(y=y, opacity=shade)
        return _spec(bars + hover, height=190)
    area = base.mark_area(color=ACCENT, opacity=0.15, line={"color": ACCENT, "strokeWidth": 1.5}).encode(y=y)
    return _spec(area + hover, height=190)


def order_value_chart(days: Days, *, formatter: Formatter) -> Spec:
    """Average order value by day; a day without orders has none, so the line breaks there."""
    values: list[Spec] = []
    for day, row in days:
        value = evaluate(METRICS["average_order_value"], row).value
        amount = None if value is None else int(value)
        values.append(
            {
                "day": day.isoformat(),
                "Day": f"{day:%a} {day_text(day)}",
                "value": None if amount is None else major(amount, formatter.currency),
                "text": formatter.money(amount),
            }
        )
    base = alt.Chart(alt.InlineData(values=values)).encode(x=_day_axis(days))
    known = [float(value["value"]) for value in values if value["value"] is not None]
    y = alt.Y("value:Q", axis=_amount_axis(known, formatter), scale=alt.Scale(zero=True))
    line = base.mark_line(
        color=ACCENT, strokeWidth=2, invalid="break-paths-show-domains", point=_points(days, ACCENT)).encode(y=y)
    _, hover = _hover(base, len(days), (("Day", "Day"), ("text", "Average order value")))
    return _spec(line + hover, height=190)


def cohort_chart(cells: Sequence[CohortMetrics], *, formatter: Formatter) -> Spec:
    """Retention by cohort (rows) and month (columns). The first column is the cohort's size, without a colour."""
    known = [cell for cell in cells if cell.retained_count is not None]
    shares = {id(cell): Decimal(cell.retained_count or 0) / cell.cohort_size_count for cell in known}
    strongest = max((shares[id(cell)] for cell in known if cell.period_index > 0), default=Decimal(1)) or Decimal(1)
    values = [_cohort_cell(cell, shares[id(cell)], strongest, formatter) for cell in known]
    rows = [f"{month:%b %Y}" for month in sorted({cell.cohort_on for cell in cells})]
    columns = [_column(index) for index in range(max(cell.period_index for cell in known) + 1)]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("column:O", sort=columns, title=None, axis=alt.Axis(orient="top", labelAngle=0, labelFlush=False)),
        y=alt.Y("cohort:O", sort=rows, title=None),
        tooltip=[alt.Tooltip(f"{field}:N") for field in ("Cohort", "Period", "Customers", "Retained", "Revenue")],
    )
    rect = base.mark_rect(fill=ACCENT, cornerRadius=3, stroke=SURFACE, strokeWidth=3).encode(
        fillOpacity=alt.FillOpacity("strength:Q", scale=None)
    )
    text = base.mark_text(fontSize=12).encode(
        text="text:N",
        fill=alt.condition("datum.strength > 0.75", alt.value("var(--on-accent)"), alt.value(INK)),
    )
    return _spec(rect + text, height=34 * len(rows) + 30)


def _column(index: int) -> str:
    return "Customers" if index == 0 else f"{index}"


def _cohort_cell(cell: CohortMetrics, share: Decimal, strongest: Decimal, formatter: Formatter) -> Spec:
    is_size = cell.period_index == 0
    retained, size = formatter.count(cell.retained_count), formatter.count(cell.cohort_size_count)
    return {
        "cohort": f"{cell.cohort_on:%b %Y}",
        "column": _column(cell.period_index),
        # An opacity, not an amount; the power spreads rates that are alike without moving zero.
        "strength": 0.0 if is_size else 0.05 + 0.95 * float(share / strongest) ** 1.7,
        "text": size if is_size else formatter.share(share, digits=0),
        "Cohort": f"{cell.cohort_on:%B %Y}",
        "Period": "first month" if is_size else f"month {cell.period_index}",
        "Customers": size,
        "Retained": f"{retained} ({formatter.share(share)})",
        "Revenue": formatter.money(cell.revenue_amount),
    }


def channel_chart(credits: Sequence[Credit], *, formatter: Formatter) -> Spec:
    """Credit by channel, largest first."""
    total = sum(credit.credit_amount for credit in credits)
    values: list[Spec] = [
        {
            "channel": credit.channel.capitalize() if credit.channel.islower() else credit.channel,
            "known": credit.channel != "unattributed",
            "credit": major(credit.credit_amount, formatter.currency),
            "Attributed revenue": formatter.money(credit.credit_amount),
            "Share": formatter.share(Decimal(credit.credit_amount) / total if total else None),
            "Orders": formatter.count(credit.orders_count),
        }
        for credit in credits
    ]
    order = [value["channel"] for value in values]
    data = alt.Chart(alt.InlineData(values=values)).transform_calculate(
        text="datum['Attributed revenue'] + (width < 300 ? '' : '  ·  ' + datum.Share)"
    )
    base = data.encode(
        y=alt.Y("channel:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelLimit=150, minExtent=110)),
        tooltip=[alt.Tooltip("channel:N", title="Channel")]
        + [alt.Tooltip(f"{field}:N") for field in ("Attributed revenue", "Share", "Orders")],
    )
    # Room to the right of the longest bar for its label.
    longest = max((float(value["credit"]) for value in values), default=1.0) or 1.0
    x = alt.X("credit:Q", axis=None, scale=alt.Scale(domain=[0, longest * 1.55], nice=False))
    bar = base.mark_bar(height=18, cornerRadiusEnd=3).encode(
        x=x, fill=alt.condition("datum.known", alt.value(ACCENT), alt.value(QUIET))
    )
    text = base.mark_text(align="left", dx=6, fill=MUTED, fontSize=12).encode(x=x, text="text:N")
    return _spec(bar + text, height=max(40 * len(values), 60))
