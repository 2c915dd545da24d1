"""The best deal: the rules that may apply together and give the customer most. Pure.

Objective: the largest total discount on lines and shipping; of equal ones fewer rules; then the smaller ids, in the
order in which the rules apply. A rule that gives nothing is never chosen. The search is exact: a branch is left only
when a bound (bounds.py) shows that it can't win. After STEPS_SEARCHED rules tried it stops with the best so far, which
is never worse than `stack` unless an exclusive rule was better still: the first branch is what `stack` does.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from oltp.promotions.bounds import Bound
from oltp.promotions.facts import PromoFacts
from oltp.promotions.goods import Goods
from oltp.promotions.pieces import Cart, open_cart
from oltp.promotions.stacking import Choice, ReadyRule, stack

# Nine rules that may all go together take 511 steps at most, so up to nine the search is exact whatever they are.
STEPS_SEARCHED = 600


@dataclass(slots=True)
class _Node:
    """Rules chosen, what they leave of the cart and have given, and the next rule to try."""

    cart: Cart
    choice: Choice
    given: int
    next: int = 0

    def hope(self, bound: Bound, best: int) -> tuple[int, int]:
        """Return the key of the best that may come of it; `best` is what the best so far gives."""
        more = bound.could_add(self.cart, self.next, self.choice.claimed, best - self.given)
        return -self.given - more, len(self.choice.steps) + 1


class _Best:
    """The best choice so far."""

    def __init__(self) -> None:
        self.choice, self.key = Choice(), (0, 0)

    def offer(self, choice: Choice, given: int) -> None:
        """Keep a choice if it is the better one."""
        key = (-given, len(choice.steps))
        if key < self.key or (key == self.key and _names(choice) < _names(self.choice)):
            self.choice, self.key = choice, key


def _names(choice: Choice) -> tuple[str, ...]:
    return tuple(str(step.rule.id) + (step.rule.code or "") for step in choice.steps)


def choose_best(facts: PromoFacts, rules: Sequence[ReadyRule], goods: Goods) -> Choice:
    """Return the best choice out of rules that are in order and whose conditions hold."""
    start, best, able = open_cart(facts), _Best(), []
    for ready in rules:
        left = start.copy()
        gain = ready.run(left)
        if gain and ready.rule.is_exclusive:
            best.offer(Choice().plus(ready, left), gain)
        elif gain:
            able.append((gain, ready))
    good = stack(facts, _strongest(able))
    if good.steps:
        best.offer(good, start.total - good.steps[-1].left.total)
    _search(start, [ready for _, ready in able], Bound(start, [ready for _, ready in able], goods), best)
    return best.choice


def _strongest(able: Sequence[tuple[int, ReadyRule]]) -> list[ReadyRule]:
    """Return, of rules that keep each other out, those that give most alone: a good choice to begin with."""
    most: dict[Hashable, int] = {}
    for gain, ready in able:
        for name in ready.shared:
            most[name] = max(gain, most.get(name, 0))
    return [ready for gain, ready in able if all(most[name] == gain for name in ready.shared)]


def _search(start: Cart, rules: Sequence[ReadyRule], bound: Bound, best: _Best) -> int:
    """Look for a better choice; return how many rules were tried."""
    nodes, steps = [_Node(start, Choice(), 0)], 0
    while nodes and steps < STEPS_SEARCHED:
        node = nodes[-1]
        while node.next < len(rules) and not node.choice.allows(rules[node.next]):
            node.next += 1
        if node.next == len(rules) or best.key < node.hope(bound, -best.key[0]):
            nodes.pop()
            continue
        ready, cart = rules[node.next], node.cart.copy()
        node.next += 1
        steps += 1
        gain = ready.run(cart)
        if gain:
            nodes.append(_Node(cart, node.choice.plus(ready, cart), node.given + gain, node.next))
            best.offer(nodes[-1].choice, nodes[-1].given)
    return steps
