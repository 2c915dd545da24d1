"""Which step follows which, and what stands in the way. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from oltp.rollout.errors import (
    CapabilityUnknown,
    NothingToAdvance,
    NothingToRollBack,
    NotInOrder,
    NotSoaked,
    StepUnknown,
)
from oltp.rollout.states import CAPABILITIES, STEPS, Capability, Step


def next_step(capability: Capability, step: Step) -> Step:
    """Return the step after `step`. Errors: NothingToAdvance at the last."""
    if step == STEPS[-1]:
        raise NothingToAdvance(capability=capability)
    return STEPS[STEPS.index(step) + 1]


def previous_step(capability: Capability, step: Step) -> Step:
    """Return the step before `step`. Errors: NothingToRollBack at the first."""
    if step == STEPS[0]:
        raise NothingToRollBack(capability=capability)
    return STEPS[STEPS.index(step) - 1]


def check_order(capability: Capability, step: Step, standing: Mapping[Capability, Step]) -> None:
    """Refuse a step that would put a capability further than the one before it in the plan.

    `standing`: where every capability of the store stands now. Errors: NotInOrder, naming the one in the way.
    """
    place, wanted = CAPABILITIES.index(capability), STEPS.index(step)
    for other in CAPABILITIES[:place]:
        if STEPS.index(standing[other]) < wanted:
            raise NotInOrder(capability=capability, step=step, other=other, other_step=standing[other])
    for other in CAPABILITIES[place + 1 :]:
        if STEPS.index(standing[other]) > wanted:
            raise NotInOrder(capability=capability, step=step, other=other, other_step=standing[other])


def check_soak(capability: Capability, *, clean_since: datetime | None, now: datetime, soak: timedelta) -> None:
    """Refuse to finish a capability before it has been without a divergence for as long as `soak`.

    `clean_since`: the first check of the unbroken row of clean ones. Errors: NotSoaked.
    """
    if soak and (clean_since is None or now - clean_since < soak):
        since = "never checked" if clean_since is None else f"clean since {clean_since:%Y-%m-%d %H:%M} UTC"
        raise NotSoaked(capability=capability, days=soak.days, since=since)


def is_conserved(*, accepted: int, stored: int) -> bool:
    """Say whether at least 99.99 % of the accepted events are stored; without any event nothing is proven."""
    return accepted > 0 and stored * 10_000 >= accepted * 9_999


def choose_capabilities(name: str, *, forward: bool) -> tuple[Capability, ...]:
    """Return the capability of that name, or all in the order they may move in. Errors: CapabilityUnknown."""
    if name == "all":
        return CAPABILITIES if forward else CAPABILITIES[::-1]
    for capability in CAPABILITIES:
        if capability == name:
            return (capability,)
    raise CapabilityUnknown(capability=name, known=f"{', '.join(CAPABILITIES)}, all", field="capability")


def choose_step(name: str) -> Step:
    """Return the step of that name. Errors: StepUnknown."""
    for step in STEPS:
        if step == name:
            return step
    raise StepUnknown(step=name, known=", ".join(STEPS), field="to")


def plan_moves(
    standing: Mapping[Capability, Step], names: tuple[Capability, ...], *, target: Step | None, forward: bool
) -> list[Capability]:
    """Return the single steps that bring `names` to `target` (or one step each), in an order the plan allows.

    Level by level, so that a capability never overtakes the one before it. Those that stand there already, or
    further, are left alone.
    """
    places = {name: STEPS.index(standing[name]) for name in names}
    if target is None:
        limit = len(STEPS) - 1 if forward else 0
        return [name for name in names if places[name] != limit]
    goal = STEPS.index(target)
    moves: list[Capability] = []
    levels = range(len(STEPS)) if forward else range(len(STEPS) - 1, -1, -1)
    for level in levels:
        moves.extend(
            name for name in names if (places[name] <= level < goal if forward else goal < level <= places[name])
        )
    return moves
