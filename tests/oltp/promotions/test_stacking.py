"""Which rules apply together: groups, exclusive, not stackable, stop-after; and the best deal against brute force."""

from itertools import combinations
from random import Random
from typing import Any

import pytest

from oltp.promotions import best_deal
from oltp.promotions.pieces import canonical, open_cart
from oltp.promotions.rules import ActiveRule, PromoFacts, evaluate
from oltp.promotions.stacking import order_of, run_rule
from tests.conftest import IS_FULL
from tests.oltp.promotions.carts import facts, key, line, random_cart, random_rules, rule

CARTS = 5_000 if IS_FULL else 250
TEN = {"type": "percent", "percent": 10}


def names(found: PromoFacts, rules: list[ActiveRule], mode: str = "stack") -> list[int]:
    """Return the numbers of the rules that apply, in order."""
    applied = evaluate(found, rules, mode).applied
    return list(dict.fromkeys(each.rule_id.int - 1001 for each in applied))


def may_go_together(rules: tuple[ActiveRule, ...]) -> bool:
    """The rules of stacking, said slowly."""
    if any(each.is_exclusive for each in rules) and len(rules) > 1:
        return False
    groups = [each.stack_group for each in rules if each.stack_group]
    alone = [each for each in rules if not each.is_stackable]
    return len(set(groups)) == len(groups) and len(alone) <= 1 and not any(each.is_last for each in rules[:-1])


def brute_force(cart: PromoFacts, rules: list[ActiveRule]) -> tuple[int, int, tuple[str, ...]]:
    """Return (−discount, how many rules, their ids) of the best of all subsets."""
    lines, ordered = canonical(cart.lines), sorted(rules, key=order_of)
    found = [(0, 0, ())]
    for size in range(1, len(ordered) + 1):
        for chosen in combinations(ordered, size):
            if may_go_together(chosen):
                left = open_cart(facts(*lines, shipping_amount=cart.shipping_amount))
                given = sum(run_rule(each, left, lines) for each in chosen)
                found.append((-given, size, tuple(str(each.id) for each in chosen)))
    return min(found)


def test_best_deal_equals_the_brute_force_optimum() -> None:
    random, better = Random(8), 0
    for case in range(CARTS):
        cart, rules = random_cart(random), random_rules(random, most=7)
        found = evaluate(cart, rules, "best_deal")
        ids = tuple(dict.fromkeys(str(each.rule_id) for each in found.applied))
        assert (-found.total, len(ids), ids) == brute_force(cart, rules), case
        stacked = evaluate(cart, rules, "stack").total
        assert found.total >= stacked, case
        better += found.total > stacked
    assert better > CARTS // 20


def test_best_deal_equals_the_brute_force_optimum_where_gifts_and_shares_compete() -> None:
    random = Random(10)
    for case in range(CARTS // 5):
        price = random.choice((7, 100, 1999))
        cart = facts(*(line(n, price + random.randint(0, random.choice((3, price))), random.randint(1, 4),
                            collection_ids=frozenset({key(100 + random.randint(0, 1))})) for n in range(3)))
        rules = [rule(n, gift_or_share(random, price), priority=random.randint(1, 3),
                      stack_group=random.choice((None, None, "a"))) for n in range(7)]
        found = evaluate(cart, rules, "best_deal")
        ids = tuple(dict.fromkeys(str(each.rule_id) for each in found.applied))
        assert (-found.total, len(ids), ids) == brute_force(cart, rules), case


def gift_or_share(random: Random, price: int) -> dict[str, Any]:
    """Return an action of those for which the search knows a close bound."""
    items = random.choice((None, {"collection_ids": [str(key(100 + random.randint(0, 1)))]}))
    return random.choice((
        {"type": "buy_x_get_y", "buy_quantity": random.randint(1, 2), "get_quantity": random.randint(1, 2),
         "items": items, "max_times": random.choice((None, 1, 2))},
        {"type": "percent", "percent": random.choice((3, 10, 50)), "items": items},
        {"type": "fixed", "amount": random.randint(1, price), "items": items},
        {"type": "tiered_spend", "items": items, "tiers": [{"from_amount": 1, "percent": random.randint(1, 20)}]}))


def test_the_best_deal_of_forty_percentages_and_amounts_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(11)
    cart = facts(*(line(n, random.randint(500, 9000), random.randint(1, 3),
                        collection_ids=frozenset({key(100 + n % 5)})) for n in range(20)))
    rules = [rule(n, random.choice((
        {"type": "percent", "percent": random.randint(2, 10), "items": {"collection_ids": [str(key(100 + n % 5))]}},
        {"type": "fixed", "amount": random.randint(50, 500)},
        {"type": "tiered_spend", "tiers": [{"from_amount": 5000, "percent": 3}]}))) for n in range(40)]
    found = evaluate(cart, rules, "best_deal").result_hash
    # A search that has come to its end finds the same with a hundred times as many steps, and with few.
    for steps in (100, 100 * best_deal.STEPS_SEARCHED):
        monkeypatch.setattr(best_deal, "STEPS_SEARCHED", steps)
        assert evaluate(cart, rules, "best_deal").result_hash == found


def test_rules_go_by_priority_then_id() -> None:
    cart = facts(line(0, 1000))
    first, second = rule(1, TEN, priority=5), rule(2, {"type": "fixed", "amount": 500}, priority=5)
    assert [each.amount for each in evaluate(cart, [second, first], "stack").applied] == [100, 500]
    sooner = rule(2, {"type": "fixed", "amount": 500}, priority=4)
    assert [each.amount for each in evaluate(cart, [first, sooner], "stack").applied] == [500, 50]


def test_of_a_group_one_rule_applies() -> None:
    cart = facts(line(0, 1000))
    assert names(cart, [rule(1, TEN, stack_group="sale"), rule(2, TEN, stack_group="sale"), rule(3, TEN)]) == [1, 3]


def test_a_rule_that_gives_nothing_keeps_no_other_one_out() -> None:
    cart = facts(line(0, 1000))
    nothing = {"type": "free_shipping"}
    assert names(cart, [rule(1, nothing, stack_group="sale"), rule(2, TEN, stack_group="sale")]) == [2]
    assert names(cart, [rule(1, nothing, is_exclusive=True, is_stackable=False), rule(2, TEN)]) == [2]


def test_an_exclusive_rule_applies_alone() -> None:
    cart = facts(line(0, 1000))
    alone = rule(1, TEN, is_exclusive=True, is_stackable=False)
    assert names(cart, [alone, rule(2, TEN)]) == [1]
    assert names(cart, [rule(0, TEN), alone, rule(2, TEN)]) == [0, 2]


def test_of_rules_that_are_not_stackable_one_applies() -> None:
    cart = facts(line(0, 1000))
    assert names(cart, [rule(1, TEN, is_stackable=False), rule(2, TEN, is_stackable=False), rule(3, TEN)]) == [1, 3]


def test_none_applies_after_the_last() -> None:
    assert names(facts(line(0, 1000)), [rule(1, TEN), rule(2, TEN, is_last=True), rule(3, TEN)]) == [1, 2]


def test_the_best_deal_prefers_fewer_rules_then_smaller_ids() -> None:
    cart = facts(line(0, 1000))
    all_of_it, half = {"type": "percent", "percent": 100}, {"type": "percent", "percent": 50}
    assert names(cart, [rule(1, half), rule(2, all_of_it), rule(3, all_of_it)], "best_deal") == [2]


def test_the_best_deal_of_fifty_rules_is_found_soon() -> None:
    random = Random(9)
    cart = facts(*(line(n, random.randint(500, 9000), 2) for n in range(20)), shipping_amount=900)
    rules = [rule(n, random.choice((
        {"type": "percent", "percent": random.randint(1, 15), "items": {"product_ids": [str(key(n % 20))]}},
        {"type": "fixed", "amount": random.randint(1, 500)}, {"type": "free_shipping"},
        {"type": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1})),
        stack_group=random.choice((None, "a", "b"))) for n in range(50)]
    assert evaluate(cart, rules, "best_deal").total >= evaluate(cart, rules, "stack").total


def test_why_a_code_gives_nothing() -> None:
    cart = facts(line(0, 1000), codes=("spent ", "GONE", "BIG", "TWICE", "SHIP", "OK", "KEY"))
    rules = [
        rule(1, TEN, code="SPENT", is_used_up=True), rule(2, TEN, code="GONE", currency="EUR"),
        rule(3, TEN, code="BIG", when={"type": "min_subtotal", "amount": 1001}),
        rule(4, TEN, code="OK", stack_group="one"), rule(5, TEN, code="TWICE", stack_group="one"),
        rule(6, {"type": "free_shipping"}, code="SHIP"), rule(7, TEN, when={"type": "code", "codes": ["key"]})]
    assert evaluate(cart, rules, "stack").refused_codes == {
        "SPENT": "used_up", "GONE": "not_valid", "BIG": "conditions_not_met", "TWICE": "not_combinable",
        "SHIP": "no_effect"}
    assert names(cart, [rule(1, TEN, code="ABSENT")]) == []


def test_two_codes_of_one_rule_give_it_once() -> None:
    cart = facts(line(0, 1000), codes=("A", "B"))
    found = evaluate(cart, [rule(1, TEN, code="B"), rule(1, TEN, code="A")], "stack")
    assert (found.total, found.applied[0].code, found.refused_codes) == (100, "A", {"B": "not_combinable"})
