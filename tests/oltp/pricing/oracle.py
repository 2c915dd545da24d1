"""What prices should be, the slow and obvious way."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oltp.kit.ids import new_id

Answer = tuple[int, int, UUID | None]


@dataclass(frozen=True)
class Rule:
    """A price row of a variant (`is_own`) or of its product."""

    id: UUID
    is_own: bool
    currency: str
    segment: UUID | None
    min_quantity: int
    amount: int
    since: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


def draw_rules(
    choose: random.Random, *, segments: Sequence[UUID], around: datetime, currencies: Sequence[str] = ("USD", "EUR"),
) -> list[Rule]:
    """Random rules that don't overlap; some begin or end at `around` exactly."""
    rules: list[Rule] = []
    for _ in range(choose.randint(0, 14)):
        key = (choose.random() < 0.5, choose.choice(currencies), choose.choice([None, None, *segments]),
               choose.choice((1, 1, 1, 5, 10)))
        since = around + timedelta(days=choose.randint(-40, 2))
        until = choose.choice((None, around, since + timedelta(days=choose.randint(1, 20))))
        if until is not None and until <= since:
            continue
        fresh = Rule(new_id(), *key, choose.choice((300, 500, 700, 900)), since, until)
        if not any((rule.is_own, rule.currency, rule.segment, rule.min_quantity) == key and _touch(rule, fresh)
                   for rule in rules):
            rules.append(fresh)
    return rules


def _touch(one: Rule, other: Rule) -> bool:
    return (other.until is None or one.since < other.until) and (one.until is None or other.since < one.until)


def price_of(
    rules: Sequence[Rule], *, quantity: int, segments: frozenset[UUID], at: datetime, listed: int,
    currency: str = "USD",
) -> Answer:
    """Amount, tier and segment of the price that wins: rule by rule of the order, each a filter of its own."""
    left = [rule for rule in rules if rule.currency == currency and rule.holds(at) and rule.min_quantity <= quantity
            and (rule.segment is None or rule.segment in segments)]
    if not left:
        return listed, 1, None
    left = [rule for rule in left if rule.is_own] or left
    left = [rule for rule in left if rule.segment is not None] or left
    highest = max(rule.min_quantity for rule in left)
    left = [rule for rule in left if rule.min_quantity == highest]
    lowest = min(rule.amount for rule in left)
    winner = min((rule for rule in left if rule.amount == lowest), key=lambda rule: rule.id)
    return winner.amount, winner.min_quantity, winner.segment


def lowest_of_days(rules: Sequence[Rule], *, at: datetime, days: int) -> int | None:
    """The lowest price for everybody in the days before the one that holds at `at` began, instant by instant."""
    plain = [rule for rule in rules if rule.min_quantity == 1]

    def shown(moment: datetime) -> Rule | None:
        holding = [rule for rule in plain if rule.holds(moment)]
        return next(iter([rule for rule in holding if rule.is_own] or holding), None)

    held = shown(at)
    if held is None:
        return None
    instants = sorted({moment for rule in plain for moment in (rule.since, rule.until) if moment is not None})
    began = held.since
    for moment in instants:
        if moment <= at and shown(moment) == held and shown(moment - timedelta(microseconds=1)) != held:
            began = moment
    first = began - timedelta(days=days)
    seen = [shown(moment) for moment in [first, *instants] if first <= moment < began]
    return min((rule.amount for rule in seen if rule is not None), default=held.amount)
