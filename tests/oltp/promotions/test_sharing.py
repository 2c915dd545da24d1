"""Shares: what is taken off a cart is taken off its lines, then off their pieces, to the last minor unit."""

from dataclasses import replace
from random import Random

from oltp.kit.money import split
from oltp.promotions.pieces import Cart, Pick, expand, open_cart, take_from_lines, take_from_picks
from oltp.promotions.rules import evaluate
from tests.conftest import IS_FULL
from tests.oltp.promotions.carts import facts, key, line, random_cart, random_order, random_rules, rule

CASES = 1_000_000 if IS_FULL else 20_000


def test_discounts_are_allocated_to_lines_then_to_units_by_integer_largest_remainder() -> None:
    random = Random(4)
    # Two amounts are shared out in each cart.
    for case in range(CASES // 2):
        count = random.randint(1, 4)
        quantities = [random.randint(1, 4) for _ in range(count)]
        amounts = [random.choice((0, 1, random.randint(0, 10_000))) for _ in range(count)]
        cart = open_cart(facts(*(line(n, amount, quantity, taken=random.randint(0, amount))
                                 for n, (amount, quantity) in enumerate(zip(amounts, quantities, strict=True)))))
        for _ in range(2):
            before, wanted = cart.copy(), random.randint(0, 12_000)
            given = take_from_lines(cart, range(count), wanted)
            shares = [had - left for had, left in zip(before.left, cart.left, strict=True)]
            assert given == min(wanted, sum(before.left)) == sum(shares), case
            assert all(0 <= share <= had for share, had in zip(shares, before.left, strict=True)), case
            if given:
                assert shares == split(given, before.left), case
            for place in range(count):
                had, left = expand(before.runs[place]), expand(cart.runs[place])
                assert sum(left) == cart.left[place] and len(left) == quantities[place], case
                assert all(0 <= now <= then for now, then in zip(left, had, strict=True)), case


def test_shares_of_pieces_are_the_largest_remainder_of_single_pieces() -> None:
    random = Random(5)
    for case in range(CASES // 20):
        runs = tuple((random.randint(1, 4), random.randint(0, 50)) for _ in range(random.randint(1, 4)))
        cart = Cart([sum(count * value for count, value in runs)], [runs], 0)
        wanted = random.randint(0, cart.left[0])
        take_from_lines(cart, [0], wanted)
        pieces = expand(runs)
        expected = split(wanted, pieces) if wanted else [0] * len(pieces)
        assert [had - left for had, left in zip(pieces, expand(cart.runs[0]), strict=True)] == expected, case


def test_picked_pieces_alone_are_lowered() -> None:
    cart = open_cart(facts(line(0, 100, 3), line(1, 70, 2)))
    assert take_from_picks(cart, [Pick(0, 0, 1, 100), Pick(1, 0, 2, 70)], 120) == 120
    assert [expand(runs) for runs in cart.runs] == [(100, 100, 50), (35, 35)]


def test_never_negative_line_shipping_order() -> None:
    random = Random(6)
    for case in range(CASES // 40):
        cart, rules = random_cart(random), random_rules(random, most=5)
        found = evaluate(cart, rules, random.choice(("stack", "best_deal")))
        for each in cart.lines:
            assert 0 <= found.line_discounts.get(each.line_id, 0) <= each.amount, case
        assert 0 <= found.shipping_discount <= cart.shipping_amount, case
        assert found.total == sum(applied.amount for applied in found.applied), case
        assert all(applied.amount > 0 for applied in found.applied), case
        for applied in found.applied:
            assert applied.target == "shipping" or sum(applied.unit_amounts) == applied.amount, case
            assert min(applied.unit_amounts, default=0) >= 0, case
        by_rule = {one.id: sum(a.amount for a in found.applied if a.rule_id == one.id) for one in rules}
        assert all(one.budget_left is None or by_rule[one.id] <= one.budget_left for one in rules), case


def test_same_input_any_order_of_rules_and_lines_same_result_hash() -> None:
    random = Random(7)
    for case in range(CASES // 100):
        cart, rules = random_cart(random), random_rules(random, most=5)
        mode = random.choice(("stack", "best_deal"))
        found = evaluate(cart, rules, mode)
        turned = replace(cart, lines=tuple(random_order(random, cart.lines)))
        # A line's name may be no more than its place in the cart.
        named = tuple(replace(each, line_id=f"L{place}") for place, each in enumerate(turned.lines))
        for other in (turned, replace(turned, lines=named)):
            assert evaluate(other, random_order(random, rules), mode).result_hash == found.result_hash, case
        assert evaluate(turned, rules, mode).line_discounts == found.line_discounts, case
        more = replace(cart, lines=(replace(cart.lines[0], quantity=cart.lines[0].quantity + 1), *cart.lines[1:]))
        assert evaluate(more, rules, mode).result_hash != found.result_hash, case


def test_a_line_of_very_many_pieces_costs_no_more_than_another() -> None:
    many = facts(line(0, 999, 100_000), line(1, 1, 100_000))
    part = {"quantity": 99, "items": {"product_ids": [str(key(0))]}}
    found = evaluate(many, [
        rule(n, {"type": "percent", "percent": "1.5"}, {"type": "buy_x_get_y", "buy_quantity": 3, "get_quantity": 1},
             {"type": "bundle_price", "amount": 1, "parts": [part]}) for n in range(10)], "stack")
    assert found.total <= 100_000_000 and all(not each.unit_amounts for each in found.applied)
