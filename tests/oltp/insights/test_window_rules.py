"""Windows and values: hand-worked answers, and properties that hold for any day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.insights.errors import InvalidWindow, UnknownMetric, UnknownModel
from oltp.insights.rules import (
    Window,
    add_rows,
    change_of,
    check_model,
    choose_metrics,
    choose_window,
    clip,
    comparable,
    evaluate,
    fill_days,
    months_before,
)
from oltp.kit.metrics import METRICS

LAST = date(2011, 12, 9)
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


def test_what_is_left_open_ends_at_the_last_published_day() -> None:
    assert choose_window(from_on=None, to_on=None, last_on=LAST) == Window(date(2011, 9, 11), LAST)
    assert choose_window(from_on=date(2011, 12, 1), to_on=None, last_on=LAST) == Window(date(2011, 12, 1), LAST)
    assert choose_window(from_on=None, to_on=date(2011, 1, 30), last_on=LAST, days_count=30) == Window(
        date(2011, 1, 1), date(2011, 1, 30)
    )


def test_a_first_day_after_the_last_published_one_is_a_window_of_one_day() -> None:
    later = LAST + timedelta(30)
    assert choose_window(from_on=later, to_on=None, last_on=LAST) == Window(later, later)


def test_the_first_days_of_the_calendar_do_not_overflow() -> None:
    assert choose_window(from_on=None, to_on=date(1, 1, 3), last_on=LAST).from_on == date.min
    assert Window(date.min, date.min).preceding() is None


def test_a_backward_window_is_refused() -> None:
    with pytest.raises(InvalidWindow) as refusal:
        choose_window(from_on=LAST, to_on=LAST - timedelta(1), last_on=LAST)
    assert refusal.value.field == "query.from"


@given(first=DAYS, length=st.integers(1, 2000))
def test_the_preceding_window_is_as_long_and_touches(first: date, length: int) -> None:
    window = Window(first, first + timedelta(length - 1))
    before = window.preceding()
    assert before is not None
    assert before.days_count == window.days_count == length
    assert before.to_on + timedelta(1) == window.from_on


def test_a_comparison_needs_all_of_the_window_before() -> None:
    published = Window(date(2026, 1, 1), date(2026, 3, 31))
    assert comparable(Window(date(2026, 1, 31), date(2026, 3, 1)), published) == Window(
        date(2026, 1, 1), date(2026, 1, 30)
    )
    assert comparable(Window(date(2026, 1, 30), date(2026, 3, 1)), published) is None


def test_a_window_is_clipped_to_what_was_published() -> None:
    published = Window(date(2026, 1, 1), date(2026, 3, 31))
    assert clip(Window(date(1, 1, 1), date(2026, 1, 2)), published) == Window(date(2026, 1, 1), date(2026, 1, 2))
    assert clip(Window(date(2027, 1, 1), date(2027, 1, 2)), published) is None


@given(day=DAYS, count=st.integers(0, 40))
def test_months_are_counted_back_by_the_calendar(day: date, count: int) -> None:
    before = months_before(day, count)
    assert before.day == 1
    assert (day.year - before.year) * 12 + day.month - before.month == count


def test_days_without_a_row_are_zero() -> None:
    filled = fill_days(
        {date(2026, 3, 29): {"orders_count": 4}}, Window(date(2026, 3, 28), date(2026, 3, 30)), ["orders_count"]
    )
    assert [row["orders_count"] for _, row in filled] == [0, 4, 0]


def test_average_order_value_is_of_the_sums_not_of_the_days() -> None:
    # 10.00 over 1 order and 20.00 over 3: 30.00 / 4 = 7.50; the mean of the daily averages would be 8.33.
    metric = METRICS["average_order_value"]
    rows = [
        {"gross_sales_amount": 1100, "discounts_amount": 100, "orders_count": 1},
        {"gross_sales_amount": 2000, "discounts_amount": 0, "orders_count": 3},
    ]
    value = evaluate(metric, add_rows(rows, metric.columns))
    assert (value.numerator, value.denominator, value.value) == (3000, 4, 750)


@pytest.mark.parametrize(("sold", "orders", "value"), [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (0, 0, None)])
def test_money_per_order_rounds_half_even(sold: int, orders: int, value: int | None) -> None:
    row = {"gross_sales_amount": sold, "discounts_amount": 0, "orders_count": orders}
    assert evaluate(METRICS["average_order_value"], row).value == value


def test_a_rate_changes_by_points_and_a_sum_by_its_share() -> None:
    rate = METRICS["conversion_rate"]
    now = evaluate(rate, {"converted_sessions_count": 5, "sessions_count": 100})
    before = evaluate(rate, {"converted_sessions_count": 3, "sessions_count": 100})
    assert change_of(rate, now, before) == Decimal("0.02")
    orders = METRICS["orders"]
    four, five, none = (evaluate(orders, {"orders_count": count}) for count in (4, 5, 0))
    assert change_of(orders, five, four) == Decimal("0.25")
    assert change_of(orders, five, none) is None


def test_a_negative_base_gives_no_share() -> None:
    net = METRICS["net_sales"]
    assert change_of(net, evaluate(net, {"net_sales_amount": 5}), evaluate(net, {"net_sales_amount": -5})) is None


def test_unknown_names_are_refused_and_known_ones_listed() -> None:
    with pytest.raises(UnknownMetric, match="net_sales"):
        choose_metrics(["profit"])
    with pytest.raises(UnknownModel, match="last_non_direct"):
        check_model("shapley")
    assert [metric.name for metric in choose_metrics(["orders", " gross_sales "])] == ["gross_sales", "orders"]
    assert len(choose_metrics([""])) > 20
