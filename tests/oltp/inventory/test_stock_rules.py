"""What a quantity means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.inventory.errors import ChangeMissing, ReasonUnknown
from oltp.inventory.rules import REASON_CODES, availability, check_change, runs_low

quantities = st.integers(-20, 20)
limits = st.integers(0, 20)


@pytest.mark.parametrize(("on_hand", "expected"), [
    (-1, "out_of_stock"), (0, "out_of_stock"), (1, "low_stock"), (5, "low_stock"), (6, "in_stock")])
def test_availability_at_its_boundaries(on_hand: int, expected: str) -> None:
    level = {"reserved": 0, "backorder_limit": 0, "low_stock_threshold": 5}
    assert availability(on_hand=on_hand, is_tracked=True, **level) == expected
    assert availability(on_hand=on_hand, is_tracked=False, **level) == "in_stock"


@given(quantities, limits, limits, limits)
def test_what_is_reserved_is_not_available_and_a_limit_is(on_hand: int, reserved: int, limit: int, low: int) -> None:
    level = {"low_stock_threshold": low, "is_tracked": True}
    assert availability(on_hand=on_hand, reserved=reserved, backorder_limit=limit, **level) == availability(
        on_hand=on_hand + limit - reserved, reserved=0, backorder_limit=0, **level)


@given(quantities, st.lists(st.integers(-5, 5), max_size=10), limits)
def test_it_runs_low_once_on_the_way_down(start: int, changes: list[int], threshold: int) -> None:
    crossings, place = 0, start
    for change in changes:
        low = runs_low(before=place, after=place + change, low_stock_threshold=threshold, is_tracked=True)
        assert low == (place > threshold >= place + change)
        assert not runs_low(before=place, after=place + change, low_stock_threshold=threshold, is_tracked=False)
        crossings += low
        place += change
    assert crossings <= 1 + len(changes) // 2


def test_the_ledger_refuses_nothing_and_the_unknown() -> None:
    with pytest.raises(ChangeMissing):
        check_change(delta=0, reason_code="sale")
    with pytest.raises(ReasonUnknown, match="'theft'; there are: sale, return, manual, correction, initial"):
        check_change(delta=1, reason_code="theft")
    for code in REASON_CODES:
        check_change(delta=-1, reason_code=code)
