"""Payments as a sum of facts: balances and status of an attempt follow from the set of what is known. Pure.

In which order, and how often, a gateway said something does not matter: facts are told apart by (kind, entry_ref).
"""

from collections.abc import Iterable
from dataclasses import dataclass

# What a gateway may say happened.
FACTS = ("authorized", "captured", "voided", "failed", "refunded", "charged_back", "charge_back_reversed")
# What we note ourselves: a request is under way and its outcome not known; what came of it is known now.
UNKNOWN, RESOLVED = "unknown", "resolved"
KINDS = (*FACTS, UNKNOWN, RESOLVED)
AUTHORIZE = "authorize"


@dataclass(frozen=True)
class Entry:
    """One fact. Amounts are minor units; facts that move no money have 0."""

    kind: str
    external_ref: str
    amount: int = 0


@dataclass(frozen=True)
class Balances:
    """What the facts come to: refunded + charged back ≤ captured ≤ authorized ≤ amount."""

    status: str
    authorized: int
    captured: int
    refunded: int
    charged_back: int


def fold(amount: int, entries: Iterable[Entry], *, promised: int = 0) -> Balances:
    """Return balances and status of an attempt over `amount`, from facts in any order, repeated or not.

    Facts imply what must have come before them: what was given back had been captured, what was captured had been
    authorized. A gateway that says more than `amount` is believed up to it; invariants show the rest. `promised` are
    refunds that are under way: what they hold can't be charged back as well.
    """
    known = {(entry.kind, entry.external_ref): entry for entry in entries}
    sums = dict.fromkeys(KINDS, 0)
    for entry in known.values():
        sums[entry.kind] += entry.amount
    lost = max(0, sums["charged_back"] - sums["charge_back_reversed"])
    captured = min(amount, max(sums["captured"], sums["refunded"] + lost))
    authorized = min(amount, max(sums["authorized"], captured))
    refunded = min(sums["refunded"], captured)
    charged_back = max(0, min(lost, captured - refunded - promised))
    return Balances(_status(set(known), authorized, captured), authorized, captured, refunded, charged_back)


def _status(known: set[tuple[str, str]], authorized: int, captured: int) -> str:
    kinds = {kind for kind, _ in known}
    is_captured = captured > 0 or "captured" in kinds
    if is_captured and captured == authorized:
        return "captured"
    if "voided" in kinds:
        return "captured" if captured else "voided"
    if is_captured or authorized:
        return UNKNOWN if _open(known) - {AUTHORIZE} else "captured" if is_captured else "authorized"
    if "failed" in kinds:
        return "failed"
    return UNKNOWN if _open(known) else "created"


def _open(known: set[tuple[str, str]]) -> set[str]:
    """Return the steps that were begun and of whose outcome nothing is known yet."""
    settled = {ref for kind, ref in known if kind == RESOLVED}
    return {ref for kind, ref in known if kind == UNKNOWN and ref not in settled}


def open_steps(entries: Iterable[Entry]) -> set[str]:
    """Return the names of the requests that were begun and neither answered nor resolved."""
    return _open({(entry.kind, entry.external_ref) for entry in entries})


def step_key(attempt_id: object, step: str) -> str:
    """Return the idempotency key of one step of an attempt: the same however often the step is tried."""
    return f"{attempt_id}:{step}"
