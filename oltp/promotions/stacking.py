"""Which rules may apply together, and what they take off a cart one after the other. Pure.

Rules go by priority, then id. Of one `stack_group` at most one applies, of those that are not stackable at most one, an
exclusive one only alone, and none after one that is the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from oltp.promotions.conditions import Condition
from oltp.promotions.effects import Action
from oltp.promotions.facts import PromoFacts, PromoLine
from oltp.promotions.giving import give
from oltp.promotions.pieces import Cart, open_cart


@dataclass(frozen=True)
class ActiveRule:
    """A rule, or a code with a discount of its own, that may apply now in this currency.

    `code` is the one that was typed for it. `is_used_up`: no use is left, in all or for this customer. `budget_left` is
    the most it may still give, gross. `snapshot` is kept with what it gave.
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
    budget_left: int | None = None
    snapshot: dict[str, Any] = field(default_factory=dict)
    # False: the id is that of a discount code, which has no rule.
    has_rule: bool = True


def order_of(rule: ActiveRule) -> tuple[int, str, str]:
    """Return the place of a rule: by priority, then id; the same rule by two codes goes by the codes."""
    return rule.priority, str(rule.id), rule.code or ""


def may_follow(rule: ActiveRule, chosen: Sequence[ActiveRule]) -> bool:
    """Return whether a rule may apply after those that were chosen, all of which stand before it."""
    if any(each.id == rule.id or each.is_exclusive or each.is_last for each in chosen):
        return False
    if rule.is_exclusive:
        return not chosen
    if not rule.is_stackable and any(not each.is_stackable for each in chosen):
        return False
    return rule.stack_group is None or all(each.stack_group != rule.stack_group for each in chosen)


def run_rule(rule: ActiveRule, cart: Cart, lines: Sequence[PromoLine]) -> int:
    """Take off the cart what the rule gives, within its budget; return it."""
    given = 0
    for action in rule.actions:
        given += give(action, cart, lines, None if rule.budget_left is None else max(rule.budget_left - given, 0))
    return given


def stack(facts: PromoFacts, rules: Sequence[ActiveRule]) -> list[ActiveRule]:
    """Return the rules that apply one after the other; one that gives nothing doesn't count."""
    cart = open_cart(facts)
    chosen: list[ActiveRule] = []
    for rule in rules:
        if may_follow(rule, chosen) and run_rule(rule, cart, facts.lines):
            chosen.append(rule)
    return chosen
