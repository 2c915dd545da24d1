"""States of a return, and which may follow which; refused in SQL too (trigger b_transition)."""

from collections.abc import Mapping

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "requested": ("approved", "rejected"),
    "approved": ("received", "rejected"),
    "received": ("inspected",),
    "inspected": ("refunded", "rejected"),
    "refunded": (),
    "rejected": (),
}
STATUSES = tuple(ALLOWED)


def may_become(status: str, wanted: str) -> bool:
    """Whether a return may go from one state to another one."""
    return wanted in ALLOWED[status]
