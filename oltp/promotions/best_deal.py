"""The best deal: the rules that may apply together and give the customer most. Pure.

Objective: the largest total discount on lines and shipping; of equal ones fewer rules; then the smaller ids, in the
order in which the rules apply. A rule that gives nothing is never chosen. The search is exact: a branch is left only
when a bound shows that it can't win. After STEPS_SEARCHED rules tried it stops with the best so far, which is never
worse than `stack` unless an exclusive rule was better still: the first branch is what `stack` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oltp.promotions.effects import BundlePrice, Percent
from oltp.promotions.facts import PromoFacts, PromoLine
from oltp.promotions.giving import meant
from oltp.promotions.pieces import Cart, open_cart
from oltp.promotions.stacking import ActiveRule, may_follow, run_rule

# Eight rules that may all go together take 255 steps at most, so up to eight the search is exact whatever they are.
STEPS_SEARCHED = 300
_ONE = 10**9


@dataclass
class _Node:
    """Rules chosen, what they leave of the cart and have given, and the next rule to try."""

    cart: Cart
    chosen: tuple[ActiveRule, ...]
    given: int
    next: int = 0


def choose_best(facts: PromoFacts, rules: Sequence[ActiveRule]) -> list[ActiveRule]:
    """Return the best choice out of rules that are in order and whose conditions hold."""
    start = open_cart(facts)
    gains = [run_rule(rule, start.copy(), facts.lines) for rule in rules]
    helpful = [(rule, gain) for rule, gain in zip(rules, gains, strict=True) if gain]
    best: tuple[ActiveRule, ...] = ()
    best_key = _key(0, best)
    for rule, gain in helpful:
        if rule.is_exclusive and _key(gain, (rule,)) < best_key:
            best, best_key = (rule,), _key(gain, (rule,))
    able = [rule for rule, _ in helpful if not rule.is_exclusive]
    return list(_search(start, able, facts.lines, best))


def _key(given: int, chosen: Sequence[ActiveRule]) -> tuple[int, int, tuple[str, ...]]:
    """Return what is smaller for the better choice."""
    return -given, len(chosen), tuple(str(rule.id) + (rule.code or "") for rule in chosen)


def _search(
    start: Cart, rules: Sequence[ActiveRule], lines: Sequence[PromoLine], best: tuple[ActiveRule, ...]
) -> tuple[ActiveRule, ...]:
    alone = start.copy()
    best_key = _key(sum(run_rule(rule, alone, lines) for rule in best), best)
    could_add = _bound(start, rules, lines)
    nodes, steps = [_Node(start, (), 0)], 0
    while nodes and steps < STEPS_SEARCHED:
        node = nodes[-1]
        most = (-node.given - could_add(node.cart, node.next), len(node.chosen) + 1) if node.next < len(rules) else None
        if most is None or most > best_key[:2]:
            nodes.pop()
            continue
        rule = rules[node.next]
        node.next += 1
        if not may_follow(rule, node.chosen):
            continue
        steps, cart = steps + 1, node.cart.copy()
        gain = run_rule(rule, cart, lines)
        if not gain:
            continue
        child = _Node(cart, (*node.chosen, rule), node.given + gain, node.next)
        nodes.append(child)
        if _key(child.given, child.chosen) < best_key:
            best, best_key = child.chosen, _key(child.given, child.chosen)
    return best


def _bound(start: Cart, rules: Sequence[ActiveRule], lines: Sequence[PromoLine]) -> Callable[[Cart, int], int]:
    """Return the most that the rules from a place on can still take off a cart: never too little.

    A plain percentage leaves its share of each line whatever came before, within the rounding; anything else gives at
    most what it would give alone (giving.py). Of rules that exclude each other the most generous counts.
    """
    size, count = len(rules), len(lines)
    keeps, slack, other, simple = [[_ONE] * count], [0], [0], [0]
    buckets: list[dict[str, int]] = [{}]
    for rule in reversed(rules):
        keep, loose, plus, bucket = keeps[-1].copy(), slack[-1], other[-1], dict(buckets[-1])
        most, name, percent = _most(rule, start, lines), _bucket(rule), _plain_percent(rule)
        if name is not None:
            bucket[name] = max(most, bucket.get(name, 0))
        elif percent is not None:
            left = 100_000 - int(percent.percent * 1000)
            places = meant(percent.items, lines)
            for place in places:
                keep[place] = keep[place] * left // 100_000
            loose += 1 + (len(places) + 3) // 4
        else:
            plus += most
        keeps.append(keep)
        slack.append(loose)
        other.append(plus)
        buckets.append(bucket)
        simple.append(simple[-1] + (most if name is None else 0))

    def could_add(cart: Cart, place: int) -> int:
        i = size - place
        shared = sum(buckets[i].values())
        kept = sum(left * keep // _ONE for left, keep in zip(cart.left, keeps[i], strict=True))
        taken = sum(cart.left) - kept + slack[i] + other[i] + shared
        return min(taken, simple[i] + shared, cart.total)

    return could_add


def _bucket(rule: ActiveRule) -> str | None:
    """Return the name that rules share of which at most one applies."""
    return "" if not rule.is_stackable else rule.stack_group


def _plain_percent(rule: ActiveRule) -> Percent | None:
    if len(rule.actions) == 1 and isinstance(rule.actions[0], Percent):
        return rule.actions[0]
    return None


def _most(rule: ActiveRule, start: Cart, lines: Sequence[PromoLine]) -> int:
    """Return the most that a rule may give, in any cart that comes of this one."""
    if not any(isinstance(action, BundlePrice) and len(action.parts) > 1 for action in rule.actions):
        most, cart = 0, start
        for action in rule.actions:
            # Each action for itself: after another one of the same rule it gives no more.
            most += run_rule(_only(rule, action), cart.copy(), lines)
        return most
    return start.total if rule.budget_left is None else min(start.total, rule.budget_left)


def _only(rule: ActiveRule, action: object) -> ActiveRule:
    return ActiveRule(rule.id, rule.name, rule.priority, rule.conditions,
                      tuple(each for each in rule.actions if each is action), budget_left=rule.budget_left)
