"""The order of capabilities and steps, as pure rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from oltp.rollout.backfill import merge_reports
from oltp.rollout.errors import (
    CapabilityUnknown,
    NothingToAdvance,
    NothingToRollBack,
    NotInOrder,
    NotSoaked,
    StepUnknown,
)
from oltp.rollout.rules import (
    check_order,
    check_soak,
    choose_capabilities,
    choose_step,
    is_conserved,
    next_step,
    plan_moves,
    previous_step,
)
from oltp.rollout.states import CAPABILITIES, STEPS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
standings = st.lists(st.sampled_from(STEPS), min_size=7, max_size=7).map(
    lambda steps: dict(zip(CAPABILITIES, sorted(steps, key=STEPS.index, reverse=True), strict=True)))


def _is_ordered(standing):
    places = [STEPS.index(standing[name]) for name in CAPABILITIES]
    return places == sorted(places, reverse=True)


def test_steps_follow_each_other():
    forward = [next_step("images", step) for step in STEPS[:-1]]
    assert forward == list(STEPS[1:])
    assert [previous_step("images", step) for step in STEPS[1:]] == list(STEPS[:-1])
    with pytest.raises(NothingToAdvance):
        next_step("images", "done")
    with pytest.raises(NothingToRollBack):
        previous_step("images", "off")


@given(standings, st.sampled_from(CAPABILITIES), st.sampled_from(STEPS))
def test_a_step_is_refused_exactly_when_it_breaks_the_order(standing, capability, step):
    fine = _is_ordered({**standing, capability: step})
    try:
        check_order(capability, step, standing)
    except NotInOrder as refusal:
        assert not fine
        assert str(refusal.facts["other"]) in str(refusal)
    else:
        assert fine


@given(standings, st.sampled_from(STEPS), st.booleans())
def test_a_plan_passes_only_allowed_standings_and_ends_at_the_target(standing, target, forward):
    names = choose_capabilities("all", forward=forward)
    walked = dict(standing)
    for name in plan_moves(standing, names, target=target, forward=forward):
        walked[name] = next_step(name, walked[name]) if forward else previous_step(name, walked[name])
        assert _is_ordered(walked)
    goal = STEPS.index(target)
    for name in CAPABILITIES:
        start, end = STEPS.index(standing[name]), STEPS.index(walked[name])
        assert end == (max(start, goal) if forward else min(start, goal))


def test_one_step_each_by_default():
    standing = dict.fromkeys(CAPABILITIES, "off")
    assert plan_moves(standing, CAPABILITIES, target=None, forward=True) == list(CAPABILITIES)
    assert plan_moves(standing, CAPABILITIES, target=None, forward=False) == []


def test_names_are_checked():
    assert choose_capabilities("pricing", forward=True) == ("pricing",)
    with pytest.raises(CapabilityUnknown, match="'prices'; there are: images, pricing"):
        choose_capabilities("prices", forward=True)
    with pytest.raises(StepUnknown, match="there are: off, shadow, dual, read_new, done"):
        choose_step("on")


def test_soak_counts_from_the_first_clean_check():
    fortnight = timedelta(days=14)
    check_soak("pricing", clean_since=NOW - fortnight, now=NOW, soak=fortnight)
    check_soak("pricing", clean_since=None, now=NOW, soak=timedelta(0))
    with pytest.raises(NotSoaked, match="14 days first"):
        check_soak("pricing", clean_since=NOW - timedelta(days=13), now=NOW, soak=fortnight)
    with pytest.raises(NotSoaked, match="never checked"):
        check_soak("pricing", clean_since=None, now=NOW, soak=fortnight)


def test_conservation_is_exact_at_the_limit():
    assert is_conserved(accepted=10_000, stored=9_999)
    assert not is_conserved(accepted=10_000, stored=9_998)
    assert not is_conserved(accepted=9_999, stored=9_998)
    assert not is_conserved(accepted=0, stored=0)


def test_reports_add_up():
    left = {"rounded": 2, "examples": list("abcdefgh"), "is_warned": False}
    right = {"rounded": 3, "examples": list("xyz"), "is_warned": True, "negative": 1}
    assert merge_reports(left, right) == {
        "rounded": 5, "examples": list("abcdefghxy"), "is_warned": True, "negative": 1}


def test_the_database_knows_the_same_order(database):
    """The schema's functions and this list are written twice; they must not drift apart."""
    with database.owner_session() as session:

        for place, name in enumerate(CAPABILITIES, 1):
            assert session.scalar(text("SELECT capability_ordinal(:name)"), {"name": name}) == place
        for place, step in enumerate(STEPS):
            assert session.scalar(text("SELECT step_ordinal(:step)"), {"step": step}) == place
