"""Rules of fraud: a score from what was known when an order was placed. Pure; each version stays as it is.

A rule that changes is a new version: an old decision must be explained by the rules that made it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from ipaddress import ip_address
from typing import Any, Literal

Decision = Literal["approve", "review", "decline"]
# So few orders say nothing about what is usual in a store.
LEAST_SAMPLE = 20
REVIEW_FROM, DECLINE_FROM, MOST = 40, 80, 100


@dataclass(frozen=True)
class Features:
    """What was known of an order when it was placed; amounts in minor units of its currency.

    Counts are of the 24 hours before it. A person is an account or an e-mail; means are of the person's and the
    store's latest orders in the currency, None without any. `address_key` is a hash that only this store can make.
    """

    amount: int
    person_order_count: int = 0
    ip_order_count: int = 0
    ip_person_count: int = 0
    retry_count: int = 0
    is_first_order: bool = True
    person_mean_amount: int | None = None
    store_mean_amount: int | None = None
    store_sample_count: int = 0
    is_other_country: bool = False
    is_new_address: bool = False
    address_key: str | None = None


@dataclass(frozen=True)
class Verdict:
    """A score of 0 to 100, what follows from it, and the reasons in the order of the rules."""

    version: str
    score: int
    decision: Decision
    reasons: tuple[str, ...]


Rules = Callable[[Features], Mapping[str, int]]


def _steps(value: int, *steps: tuple[int, int]) -> int:
    """Return the points of the last step that is reached; steps rise."""
    return max((points for least, points in steps if value >= least), default=0)


def _points_2026_11_1(known: Features) -> Mapping[str, int]:
    # What one address of the network does counts once, however it shows: an office is many people with one address.
    from_ip = max(_steps(known.ip_order_count, (5, 15), (10, 30)), _steps(known.ip_person_count, (3, 20), (6, 30)))
    usual = known.store_mean_amount if known.store_sample_count >= LEAST_SAMPLE else None
    return {
        "many_orders_of_person": _steps(known.person_order_count, (4, 15), (8, 30)),
        "many_orders_from_ip": from_ip,
        "many_payment_tries": _steps(known.retry_count, (3, 20), (6, 40)),
        "amount_unusual_for_store": _steps(_times(known.amount, usual), (5, 15), (10, 30)),
        "amount_unusual_for_person": _steps(_times(known.amount, known.person_mean_amount), (5, 15)),
        "large_first_order": 15 if known.is_first_order and _times(known.amount, usual) >= 3 else 0,
        "other_country": 15 if known.is_other_country else 0,
        "new_address": 10 if known.is_new_address else 0,
    }


def _times(amount: int, usual: int | None) -> int:
    return amount // usual if usual else 0


VERSIONS: Mapping[str, Rules] = {"2026-11-1": _points_2026_11_1}
CURRENT = "2026-11-1"


def judge(known: Features, *, version: str = CURRENT) -> Verdict:
    """Return what the rules of a version say. Errors: KeyError for a version that never was."""
    points = VERSIONS[version](known)
    score = min(MOST, sum(points.values()))
    decision: Decision = "decline" if score >= DECLINE_FROM else "review" if score >= REVIEW_FROM else "approve"
    return Verdict(version, score, decision, tuple(name for name, value in points.items() if value))


def features_json(known: Features) -> dict[str, Any]:
    """Return features as they are kept."""
    return asdict(known)


def read_features(kept: Mapping[str, Any]) -> Features:
    """Return features as they were kept; what a later version added has its default."""
    names = {field.name for field in fields(Features)}
    return Features(**{name: value for name, value in kept.items() if name in names})


def is_telling(address: str | None) -> bool:
    """Whether an IP address says who somebody is: those of a local network say nothing."""
    try:
        return address is not None and ip_address(address).is_global
    except ValueError:
        return False
