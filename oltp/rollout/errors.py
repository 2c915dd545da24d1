"""Refusals of the rollout."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class CapabilityUnknown(Invalid):
    """There is no capability {capability!r}; there are: {known}."""


class StepUnknown(Invalid):
    """There is no step {step!r}; there are: {known}."""


class NothingToAdvance(Conflict):
    """{capability} is done already."""


class NothingToRollBack(Conflict):
    """{capability} is off already."""


class NotInOrder(Conflict):
    """{capability} cannot stand at {step} while {other} stands at {other_step}: the plan's order binds."""


class StillDivergent(Conflict):
    """{capability} has {count} divergences between legacy and new, e.g. {example}. Nothing was moved."""


class NotConserved(Conflict):
    """Of {accepted} accepted events {stored} are stored. At least 99.99 % must be, and there must be some."""


class NotSoaked(Conflict):
    """{capability} must be without a divergence for {days} days first ({since}). --soak-days sets another time."""


class WritersStillOpen(Conflict):
    """A transaction older than the step is still open after {seconds} s (server process {pid}). Try again later."""


class LegacyColumnsGone(Conflict):
    """The contract has dropped the legacy columns: `stormcom db downgrade contract@-1` brings them back first."""


class NoStores(NotFound):
    """There is no store {slug!r}."""
