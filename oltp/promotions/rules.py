"""The interpreter: which promotions a cart gets and how much each gives, line by line and piece by piece. Pure.

Lines are taken in an order that depends on what is in them and rules by priority and id, so the order in which either
is given changes nothing. How rules go together stands in stacking.py, the search for the best deal in best_deal.py.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import sub
from typing import Any, Literal, NamedTuple
from uuid import UUID

from oltp.promotions.best_deal import choose_best
from oltp.promotions.conditions import codes_of
from oltp.promotions.facts import PromoFacts, PromoLine, normalise_code
from oltp.promotions.goods import Goods
from oltp.promotions.pieces import Cart, Pieces, canonical, expand, open_cart
from oltp.promotions.stacking import ActiveRule, ReadyRule, Step, order_of, run_rule, stack

__all__ = ["ActiveRule", "Applied", "Evaluation", "Mode", "PromoFacts", "PromoLine", "evaluate", "normalise_code"]

Mode = Literal["stack", "best_deal"]
# Of a line with more pieces the shares of single pieces are not listed.
PIECES_LISTED = 200


class Applied(NamedTuple):
    """What one promotion gives on one line, or on shipping. `amount` is gross: what the customer sees off.

    `unit_amounts` are the shares of the line's pieces, in order; empty for shipping and for lines of very many pieces.
    """

    rule_id: UUID | None
    code_id: UUID | None
    code: str | None
    name: str
    target: Literal["line", "shipping"]
    line_id: str | None
    amount: int
    unit_amounts: tuple[int, ...]
    snapshot: dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """What the cart gets. `refused_codes` says why a typed code gives nothing:

    not_valid (unknown, not in force, or of another currency), used_up, conditions_not_met, not_combinable, no_effect.
    """

    applied: tuple[Applied, ...]
    line_discounts: dict[str, int]
    shipping_discount: int
    refused_codes: dict[str, str]
    result_hash: str

    @property
    def total(self) -> int:
        """The whole discount, gross."""
        return sum(self.line_discounts.values()) + self.shipping_discount


def evaluate(facts: PromoFacts, rules: Iterable[ActiveRule], mode: Mode) -> Evaluation:
    """Return what the cart gets. `best_deal` looks for the largest total discount (see best_deal.py)."""
    facts = replace(facts, lines=canonical(facts.lines), codes=tuple(map(normalise_code, facts.codes)))
    ordered = sorted(rules, key=order_of)
    goods = Goods(facts.lines)
    able = [ReadyRule(rule, goods) for rule in ordered if not _refusal(rule, facts)]
    chosen = (choose_best(facts, able, goods) if mode == "best_deal" else stack(facts, able)).steps
    before = open_cart(facts)
    after = chosen[-1].left if chosen else before
    applied = tuple(_apply(facts.lines, before, chosen))
    discounts = {line.line_id: had - left for line, had, left in zip(facts.lines, before.left, after.left, strict=True)}
    refused = _refused_codes(facts, ordered, {(step.rule.id, step.rule.code) for step in chosen})
    return Evaluation(applied, {line: amount for line, amount in discounts.items() if amount},
                      before.shipping - after.shipping, refused, _hash(facts, applied, refused))


def _refusal(rule: ActiveRule, facts: PromoFacts) -> str | None:
    if rule.currency not in (None, facts.currency) or (rule.code is not None and rule.code not in facts.codes):
        return "not_valid"
    if rule.is_used_up or rule.budget_left == 0:
        return "used_up"
    if rule.is_per_person and not facts.is_identified:
        return "conditions_not_met"
    return None if rule.conditions.holds(facts) else "conditions_not_met"


def _refused_codes(
    facts: PromoFacts, rules: Sequence[ActiveRule], chosen: Collection[tuple[UUID, str | None]]
) -> dict[str, str]:
    """Return why each code that gives nothing does so; of several rules of a code the best reason."""
    reasons = ["not_valid", "used_up", "conditions_not_met", "no_effect", "not_combinable"]
    refused = {}
    for code in sorted(set(facts.codes)):
        meant = [rule for rule in rules if rule.code == code or code in codes_of(rule.conditions)]
        if not any((rule.id, rule.code) in chosen for rule in meant):
            found = [_refusal(rule, facts) or _set_aside(rule, facts) for rule in meant]
            refused[code] = max(found, key=reasons.index, default="not_valid")
    return refused


def _set_aside(rule: ActiveRule, facts: PromoFacts) -> str:
    return "not_combinable" if run_rule(rule, open_cart(facts), facts.lines) else "no_effect"


def _apply(lines: Sequence[PromoLine], cart: Cart, chosen: Sequence[Step]) -> Iterator[Applied]:
    """Say what each rule took: off each line, in their order, then off shipping."""
    pieces = [_shown(line, had) for line, had in zip(lines, cart.pieces, strict=True)]
    for rule, left in chosen:
        key = rule.id if rule.has_rule else None
        for place, line in enumerate(lines):
            amount = cart.left[place] - left.left[place]
            if amount:
                had, pieces[place] = pieces[place], _shown(line, left.pieces[place])
                shares = tuple(map(sub, had, pieces[place]))
                yield Applied(key, rule.code_id, rule.code, rule.name, "line", line.line_id, amount, shares,
                              rule.snapshot)
        if cart.shipping != left.shipping:
            yield Applied(key, rule.code_id, rule.code, rule.name, "shipping", None, cart.shipping - left.shipping,
                          (), rule.snapshot)
        cart = left


def _shown(line: PromoLine, pieces: Pieces) -> tuple[int, ...]:
    return expand(pieces.runs()) if line.quantity <= PIECES_LISTED else ()


def _hash(facts: PromoFacts, applied: Sequence[Applied], refused: dict[str, str]) -> str:
    """Return what is equal exactly where the same promotions give the same amounts on the same goods.

    A line goes by its place in the canonical order: its name in the cart may be no more than where it stood.
    """
    places = {line.line_id: place for place, line in enumerate(facts.lines)}
    goods = [[str(line.variant_id), str(line.bundle_id), line.quantity, line.unit_amount, line.taken]
             for line in facts.lines]
    given = [[str(each.rule_id), str(each.code_id), places.get(each.line_id or ""), each.amount, each.unit_amounts]
             for each in applied]
    text = json.dumps([facts.currency, goods, given, sorted(refused.items())], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
