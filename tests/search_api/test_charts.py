"""Charts of few days, which a chart library has no good mind for."""

from datetime import date, timedelta
from typing import Any

import pytest

from search_api.dashboard.charts import order_value_chart, sales_chart
from search_api.dashboard.formatting import Formatter

FIRST = date(2026, 10, 1)
ROW = {"net_sales_amount": 100, "gross_sales_amount": 120, "discounts_amount": 20, "orders_count": 1}
WORDS = Formatter("USD", "en-US", "UTC")


def days(count: int) -> list[tuple[date, dict[str, int]]]:
    return [(FIRST + timedelta(days=place), ROW) for place in range(count)]


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for part in spec["layer"] for each in part.get("layer", [part])]


@pytest.mark.parametrize(("count", "is_few"), [(1, True), (3, True), (14, True), (15, False), (90, False)])
def test_few_days_have_one_name_each_and_points(count: int, is_few: bool) -> None:
    for spec in (sales_chart(days(count), view="accounting", formatter=WORDS),
                 order_value_chart(days(count), formatter=WORDS)):
        ticks = [layer["encoding"]["x"]["axis"]["tickCount"] for layer in layers(spec)]
        assert [tick == {"interval": "day", "step": 1} for tick in ticks] == [is_few] * len(ticks)
        lines = [layer["mark"] for layer in layers(spec) if layer["mark"]["type"] == "line"]
        assert lines and all(bool(line["point"]) is is_few for line in lines)
