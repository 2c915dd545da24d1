"""The language of promotions: each condition, each action, both written forms, and what is refused by its path."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from oltp.promotions.errors import PromotionInvalid
from oltp.promotions.rules import ActiveRule, evaluate
from oltp.promotions.written import parse_actions, parse_conditions, write_actions, write_condition
from tests.oltp.promotions.carts import CONDITION, NOON, facts, key, line, rule

SEGMENT = str(key(7))
SHORT = {"minSubtotal": 100, "customerSegmentId": SEGMENT}
KNOWN = {"is_identified": True, "is_first_order": True}
CART = facts(
    line(0, 1000, 2, collection_ids=frozenset({key(50)}), category_ids=frozenset({key(60)})), line(1, 500, taken=100),
    country="DE", segment_ids=frozenset({key(7)}), codes=("SPRING",), **KNOWN)


def given(*actions: dict[str, Any], cart: Any = CART, **values: Any) -> dict[str, int]:
    """Return what actions take off each line."""
    return evaluate(cart, [rule(1, *actions, **values)], "stack").line_discounts


@pytest.mark.parametrize(("condition", "holds"), [
    ({"type": "min_subtotal", "amount": 2400}, True), ({"type": "min_subtotal", "amount": 2401}, False),
    ({"type": "min_subtotal", "amount": 401, "items": {"product_ids": [str(key(1))]}}, False),
    ({"type": "min_quantity", "quantity": 3}, True), ({"type": "min_quantity", "quantity": 4}, False),
    ({"type": "min_quantity", "quantity": 2, "items": {"variant_ids": [str(key(0))]}}, True),
    ({"type": "products", "product_ids": [str(key(1))]}, True), ({"type": "products", "product_ids": [SEGMENT]}, False),
    ({"type": "collections", "collection_ids": [str(key(50))]}, True),
    ({"type": "collections", "collection_ids": [str(key(51))]}, False),
    ({"type": "categories", "category_ids": [str(key(60))]}, True),
    ({"type": "categories", "category_ids": [str(key(61))]}, False),
    ({"type": "customer_segment", "segment_id": SEGMENT}, True),
    ({"type": "customer_segment", "segment_id": str(key(8))}, False), ({"type": "first_order"}, True),
    ({"type": "currency", "currencies": ["EUR", "USD"]}, True), ({"type": "currency", "currencies": ["EUR"]}, False),
    ({"type": "country", "countries": ["DE"]}, True), ({"type": "country", "countries": ["AT"]}, False),
    ({"type": "code", "codes": ["spring"]}, True), ({"type": "code", "codes": ["AUTUMN"]}, False),
    ({"type": "date_window", "from_at": NOON.isoformat()}, True),
    ({"type": "date_window", "until_at": NOON.isoformat()}, False),
    ({"type": "date_window", "from_at": (NOON + timedelta(microseconds=1)).isoformat()}, False),
    ({"type": "all", "conditions": []}, True),
    ({"type": "all", "conditions": [{"type": "first_order"}, {"type": "min_quantity", "quantity": 4}]}, False),
    ({"type": "any", "conditions": [{"type": "first_order"}, {"type": "min_quantity", "quantity": 4}]}, True),
    ({"type": "not", "condition": {"type": "first_order"}}, False)])
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    assert CONDITION.validate_python(condition).holds(CART) is holds


def test_a_first_order_is_that_of_somebody_known() -> None:
    first = CONDITION.validate_python({"type": "first_order"})
    assert not first.holds(facts(is_first_order=True)) and not first.holds(facts(is_identified=True))


def test_a_percentage_is_of_what_is_left_of_the_line() -> None:
    assert given({"type": "percent", "percent": 10}) == {"0": 200, "1": 40}
    assert given({"type": "percent", "percent": 50}, {"type": "percent", "percent": 50}) == {"0": 1500, "1": 300}
    assert given({"type": "fixed", "amount": 1200}, {"type": "percent", "percent": 50}) == {"0": 1500, "1": 300}


def test_a_percentage_is_rounded_once_half_even() -> None:
    cart = facts(line(0, 5), line(1, 5), line(2, 5))
    assert given({"type": "percent", "percent": 10}, cart=cart) == {"0": 1, "1": 1}
    assert given({"type": "percent", "percent": 10}, cart=facts(line(0, 5))) == {}
    assert given({"type": "percent", "percent": "33.333"}, cart=facts(line(0, 10_000))) == {"0": 3333}


def test_a_fixed_amount_once_or_off_each_line_never_more_than_is_left() -> None:
    assert given({"type": "fixed", "amount": 240}) == {"0": 200, "1": 40}
    assert given({"type": "fixed", "amount": 600, "per": "line"}) == {"0": 600, "1": 400}
    assert given({"type": "fixed", "amount": 9999}) == {"0": 2000, "1": 400}
    assert given({"type": "fixed", "amount": 600, "per": "line", "cap_amount": 500}) == {"0": 300, "1": 200}


def test_free_shipping_up_to_a_cap() -> None:
    cart = facts(line(0, 1000), shipping_amount=900)
    assert evaluate(cart, [rule(1, {"type": "free_shipping"})], "stack").shipping_discount == 900
    assert evaluate(cart, [rule(1, {"type": "free_shipping", "cap_amount": 500})], "stack").shipping_discount == 500


def test_buy_x_get_y_gives_the_cheapest_and_no_piece_is_both() -> None:
    cart = facts(line(0, 1000, 2), line(1, 300, 2), line(2, 200))
    two_one = {"type": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1}
    assert given(two_one, cart=cart) == {"2": 200}
    assert given({**two_one, "buy_quantity": 1}, cart=cart) == {"2": 200, "1": 300}
    assert given({**two_one, "buy_quantity": 1, "max_times": 1}, cart=cart) == {"2": 200}
    assert given({**two_one, "percent": 50}, cart=cart) == {"2": 100}
    # The only piece to give is needed to buy: two pieces are too few for both.
    assert given(two_one, cart=facts(line(0, 1000, 2))) == {}


def test_what_is_bought_and_what_is_given_may_overlap() -> None:
    cart = facts(line(0, 1000), line(1, 300, 3))
    action = {"type": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1,
              "items": {"product_ids": [str(key(0)), str(key(1))]}, "get_items": {"product_ids": [str(key(1))]}}
    assert given(action, cart=cart) == {"1": 300}
    assert given({**action, "buy_quantity": 1}, cart=cart) == {"1": 600}


def test_tiered_spend_gives_the_highest_tier_reached() -> None:
    tiers = [{"from_amount": 1000, "percent": "10"}, {"from_amount": 2400, "amount": 500}]
    assert sum(given({"type": "tiered_spend", "tiers": tiers}).values()) == 500
    assert given({"type": "tiered_spend", "tiers": tiers}, cart=facts(line(0, 2399))) == {"0": 240}
    assert given({"type": "tiered_spend", "tiers": tiers}, cart=facts(line(0, 999))) == {}


def test_a_bundle_price_takes_the_dearest_pieces() -> None:
    cart = facts(line(0, 1000, 2), line(1, 300, 3))
    both = [{"quantity": 1, "items": {"product_ids": [str(key(n))]}} for n in range(2)]
    bundle = {"type": "bundle_price", "amount": 1000, "parts": both}
    assert sum(given(bundle, cart=cart).values()) == 600
    assert sum(given({**bundle, "max_times": 1}, cart=cart).values()) == 300
    assert given({**bundle, "amount": 1300}, cart=cart) == {}
    any_three = [{"quantity": 3, "items": {"product_ids": [str(key(0)), str(key(1))]}}]
    assert sum(given({"type": "bundle_price", "amount": 300, "parts": any_three}, cart=cart).values()) == 2000


@pytest.mark.parametrize("action", [
    {"type": "percent", "percent": 50}, {"type": "fixed", "amount": 900},
    {"type": "fixed", "amount": 700, "per": "line"}, {"type": "buy_x_get_y", "buy_quantity": 1, "get_quantity": 1},
    {"type": "free_shipping"}, {"type": "tiered_spend", "tiers": [{"from_amount": 100, "percent": 40}]},
    {"type": "bundle_price", "amount": 100, "parts": [{"quantity": 2, "items": {"product_ids": [str(key(0))]}}]}])
def test_each_action_gives_up_to_its_cap(action: dict[str, Any]) -> None:
    cart = facts(line(0, 1000, 2), line(1, 700), shipping_amount=900)
    whole = evaluate(cart, [rule(1, action)], "stack").total
    assert whole > 600
    for cap in (1, 333, whole - 1, whole, whole + 1):
        assert evaluate(cart, [rule(1, {**action, "cap_amount": cap})], "stack").total == min(cap, whole)


def test_a_budget_is_never_overdrawn() -> None:
    assert sum(given({"type": "percent", "percent": 50}, {"type": "percent", "percent": 50}, budget_left=1300).values()
               ) == 1300
    assert given({"type": "percent", "percent": 50}, budget_left=0) == {}


def test_the_seeds_short_form_is_accepted_and_normalised() -> None:
    written = write_condition(parse_conditions(SHORT, currency="USD"))
    assert written == {"type": "all", "conditions": [
        {"type": "min_subtotal", "amount": 10_000}, {"type": "customer_segment", "segment_id": SEGMENT}]}
    action = write_actions(parse_actions({"discountPercent": 10}, currency="USD"))
    assert action == [{"type": "percent", "percent": "10"}]
    assert write_condition(parse_conditions(written, currency="USD")) == written


def test_a_hundred_are_major_units_of_the_rules_currency() -> None:
    amounts = {code: write_condition(parse_conditions({"minSubtotal": 100}, currency=code))["amount"]
               for code in ("USD", "JPY", "KWD")}
    assert amounts == {"USD": 10_000, "JPY": 100, "KWD": 100_000}
    assert write_actions(parse_actions({"discountAmount": 4.35}, currency="USD"))[0]["amount"] == 435


@pytest.mark.parametrize(("written", "field"), [
    ({"minSubtotl": 1}, "conditions.minSubtotl"), ({"minSubtotal": 1.005}, "conditions.minSubtotal"),
    ({"minSubtotal": float("nan")}, "conditions.minSubtotal"), ({"minSubtotal": True}, "conditions.minSubtotal"),
    ({"customerSegmentId": "x"}, "conditions.customerSegmentId.segment_id"), ({"type": "magic"}, "conditions.type"),
    ({"type": "all", "conditions": [{"type": "not", "condition": {"type": "min_subtotal", "amount": -1}}]},
     "conditions.conditions.0.condition.amount"),
    ({"type": "all", "conditions": [{"type": "first_order"}, {"type": "magic"}]}, "conditions.conditions.1.type"),
    ({"type": "first_order", "also": 1}, "conditions.also"),
    ({"type": "all", "conditions": 5}, "conditions.conditions"),
    ({"type": "all", "conditions": [{"type": "first_order"}] * 51}, "conditions.conditions"),
    ({"type": "min_quantity", "quantity": 2, "items": {}}, "conditions.items"),
    ({"type": "date_window", "from_at": "2026-01-01T00:00:00"}, "conditions.from_at")])
def test_an_unknown_operator_is_refused_on_write(written: dict[str, Any], field: str) -> None:
    with pytest.raises(PromotionInvalid) as refused:
        parse_conditions(written, currency="USD")
    assert refused.value.field == field


@pytest.mark.parametrize(("written", "field"), [
    ([], "actions"), ({"discountPercnt": 1}, "actions.discountPercnt"), ({"type": "gift"}, "actions.type"),
    ([{"type": "percent", "percent": 10}, {"type": "percent", "percent": 101}], "actions.1.percent"),
    ([7], "actions.0"), ({"type": "fixed", "amount": 1.5}, "actions.amount"),
    ({"type": "tiered_spend", "tiers": [{"from_amount": 1, "percent": 1, "amount": 1}]}, "actions.tiers.0"),
    ({"type": "tiered_spend", "tiers": [{"from_amount": 1, "percent": 1}] * 2}, "actions")])
def test_an_unknown_action_is_refused_on_write(written: Any, field: str) -> None:
    with pytest.raises(PromotionInvalid) as refused:
        parse_actions(written, currency="USD")
    assert refused.value.field == field


def test_conditions_are_bounded_in_depth_and_size() -> None:
    deep: dict[str, Any] = {"type": "first_order"}
    for _ in range(3000):
        deep = {"type": "not", "condition": deep}
    wide = {"type": "any", "conditions": [{"type": "all", "conditions": [{"type": "first_order"}] * 50}] * 3}
    for written in (deep, wide):
        with pytest.raises(PromotionInvalid, match="8 deep"):
            parse_conditions(written, currency="USD")


def test_a_rule_survives_the_trace_of_a_quote() -> None:
    adapter = TypeAdapter(ActiveRule)
    one = rule(1, {"type": "percent", "percent": "12.5", "items": {"product_ids": [SEGMENT]}}, when={
        "type": "any", "conditions": [{"type": "min_subtotal", "amount": 5}, {"type": "code", "codes": ["a"]}]})
    assert adapter.validate_python(adapter.dump_python(one, mode="json")) == one


def test_cancelling_a_line_never_moves_another_lines_discount() -> None:
    """What is given to a line is frozen by piece: pieces that stay keep their shares whatever else goes."""
    cart = facts(line(0, 1000, 3), line(1, 700, 2))
    frozen = {each.line_id: each.unit_amounts
              for each in evaluate(cart, [rule(1, {"type": "fixed", "amount": 1001})], "stack").applied}
    assert frozen == {"0": (228, 228, 227), "1": (159, 159)}
    kept = {key: shares for key, shares in frozen.items() if key != "1"}
    assert kept == {"0": (228, 228, 227)} and sum(map(sum, frozen.values())) == 1001
