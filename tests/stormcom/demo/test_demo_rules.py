"""The sampling, rounding and key rules that the demo data rests on."""

import uuid
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.kit.money import split
from stormcom.demo.chance import count_within, generator, pick_by_row, round_half_even, split_by_group
from stormcom.demo.keys import named_key, time_keys
from stormcom.demo.rhythm import DAY, HOUR, make_history

GROUPS = st.lists(
    st.tuples(st.integers(0, 50_000), st.lists(st.integers(1, 90_000), min_size=1, max_size=6)), min_size=1, max_size=8)


@given(GROUPS)
def test_split_by_group_equals_the_shops_own_split(groups):
    totals = np.array([total for total, _ in groups], dtype=np.int64)
    weights = np.array([weight for _, each in groups for weight in each], dtype=np.int64)
    group = np.repeat(np.arange(len(groups)), [len(each) for _, each in groups])
    expected = [part for total, each in groups for part in split(total, each)]
    assert split_by_group(totals, weights, group).tolist() == expected


@pytest.mark.parametrize(("numerator", "expected"), [(5, 0), (15, 2), (25, 2), (26, 3), (35, 4), (0, 0), (10, 1)])
def test_round_half_even(numerator, expected):
    assert round_half_even(np.array([numerator]), 10).tolist() == [expected]


def test_count_within_restarts_at_each_group():
    assert count_within(np.array([4, 4, 4, 7, 9, 9])).tolist() == [0, 1, 2, 0, 0, 1]
    assert count_within(np.array([], dtype=np.int64)).tolist() == []


def test_pick_by_row_never_picks_a_weight_of_zero():
    weights = np.array([[0.0, 1.0, 3.0], [2.0, 0.0, 0.0]])
    rows = np.repeat([0, 1], 2_000)
    picked = pick_by_row(generator(1, "test"), weights, rows)
    assert set(picked[:2_000]) == {1, 2}
    assert set(picked[2_000:]) == {0}
    assert 0.70 < (picked[:2_000] == 2).mean() < 0.80


def test_generators_differ_by_topic_and_repeat_by_seed():
    assert generator(7, "a").random() == generator(7, "a").random()
    assert generator(7, "a").random() != generator(7, "b").random()
    assert generator(7, "a").random() != generator(8, "a").random()


def test_time_keys_are_version_7_and_ordered_by_time():
    instants = np.array([1_780_000_000_000, 1_780_000_000_001, 1_790_000_000_000])
    keys = [uuid.UUID(key) for key in time_keys(generator(1, "keys"), instants)]
    assert [key.version for key in keys] == [7, 7, 7]
    assert {key.variant for key in keys} == {uuid.RFC_4122}
    assert [key.int >> 80 for key in keys] == instants.tolist()
    assert keys == sorted(keys)


def test_named_keys_depend_on_every_word():
    assert named_key("store", "home", 7) == named_key("store", "home", 7)
    assert named_key("store", "home", 7) != named_key("store", "home", 8)


@pytest.mark.parametrize(("today", "first"), [
    (date(2026, 11, 24), date(2026, 5, 24)), (date(2026, 8, 31), date(2026, 2, 28)),
    (date(2026, 3, 31), date(2025, 9, 30)),
])
def test_history_is_the_six_months_before_today(today, first):
    history = make_history(generator(1, "rhythm"), today=today, months=6, zone="America/New_York")
    assert history.days[0] == first
    assert (today - history.days[-1]).days == 1
    assert len(history.midnights) == len(history.days) + 1


def test_a_day_of_the_time_change_has_23_or_25_hours():
    history = make_history(generator(1, "rhythm"), today=date(2026, 11, 24), months=8, zone="Europe/Berlin")
    lengths = np.diff(history.midnights)
    assert lengths[history.days.index(date(2026, 10, 25))] == DAY + HOUR
    assert lengths[history.days.index(date(2026, 3, 29))] == DAY - HOUR
