"""Which rules may apply together, and what they take off a cart one after the other. Pure.

Rules go by priority, then id. Of one `stack_group` at most one applies, of those that are not stackable at most one, an
exclusive one only alone, and none after one that is the last.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from oltp.promotions.conditions import Condition
from oltp.promotions.effects import Action
from oltp.promotions.facts import PromoFacts, PromoLine
from oltp.promotions.giving import Giver, giver_of
from oltp.promotions.goods import Goods
from oltp.promotions.pieces import Cart, open_cart

# More than any cart costs.
NO_LIMIT = 2**100


@dataclass(frozen=True)
class ActiveRule:
    """A rule, or a code with a discount of its own, that may apply now in this currency.

    `code` is the one that was typed for it. `is_used_up`: no use is left, in all or for this customer. `is_per_person`:
    each customer has it so often only, so one whom nobody knows has it not at all. `budget_left` is the most it may
    still give, gross. `snapshot` is kept with what it gave.
    """

    id: UUID
    name: str
    priority: int
    conditions: Condition
    actions: tuple[Action, ...]
    currency: str | None = None
    stack_group: str | None = None
    is_stackable: bool = True
    is_exclusive: bool = False
    is_last: bool = False
    code_id: UUID | None = None
    code: str | None = None
    is_used_up: bool = False
    is_per_person: bool = False
    budget_left: int | None = None
    snapshot: dict[str, Any] = field(default_factory=dict)
    # False: the id is that of a discount code, which has no rule.
    has_rule: bool = True


def order_of(rule: ActiveRule) -> tuple[int, str, str]:
    """Return the place of a rule: by priority, then id; the same rule by two codes goes by the codes."""
    return rule.priority, str(rule.id), rule.code or ""


class ReadyRule:
    """A rule and what it means on the goods of one cart."""

    def __init__(self, rule: ActiveRule, goods: Goods) -> None:
        self.rule = rule
        self.givers: tuple[Giver, ...] = tuple(giver_of(action, goods) for action in rule.actions)
        self.budget = NO_LIMIT if rule.budget_left is None else rule.budget_left
        # What one rule of a choice may have: not being stackable, its group; and itself, by whatever code.
        alone: list[Hashable] = [] if rule.is_stackable else ["not stackable"]
        self.shared = (*alone, *([] if rule.stack_group is None else [("group", rule.stack_group)]))
        self.claims = frozenset((rule.id, *self.shared))

    def run(self, cart: Cart) -> int:
        """Take off the cart what the rule gives, within its budget; return it."""
        given = 0
        for give in self.givers:
            given += give(cart, self.budget - given)
        return given


class Step(NamedTuple):
    """A rule of a choice, and what it leaves of the cart."""

    rule: ActiveRule
    left: Cart


class Choice(NamedTuple):
    """Rules that apply one after the other, and what they have claimed."""

    steps: tuple[Step, ...] = ()
    claimed: frozenset[Hashable] = frozenset()

    def allows(self, ready: ReadyRule) -> bool:
        """Return whether a rule may apply after these, all of which stand before it."""
        if self.steps and (ready.rule.is_exclusive or self.steps[-1].rule.is_last or self.steps[-1].rule.is_exclusive):
            return False
        return self.claimed.isdisjoint(ready.claims)

    def plus(self, ready: ReadyRule, left: Cart) -> "Choice":
        """Return the choice with one rule more."""
        return Choice((*self.steps, Step(ready.rule, left)), self.claimed | ready.claims)


def run_rule(rule: ActiveRule, cart: Cart, lines: Sequence[PromoLine]) -> int:
    """Take off the cart what the rule gives, within its budget; return it."""
    return ReadyRule(rule, Goods(lines)).run(cart)


def stack(facts: PromoFacts, rules: Iterable[ReadyRule]) -> Choice:
    """Return the rules that apply one after the other; one that gives nothing doesn't count."""
    cart, choice = open_cart(facts), Choice()
    for ready in rules:
        if choice.allows(ready):
            left = cart.copy()
            if ready.run(left):
                cart, choice = left, choice.plus(ready, left)
    return choice
