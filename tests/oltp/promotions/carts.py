"""Random carts and rules, small and nasty: pieces of equal price, zeros, filters that overlap."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from oltp.promotions.conditions import Condition
from oltp.promotions.effects import Action
from oltp.promotions.rules import ActiveRule, PromoFacts, PromoLine

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
ACTION: TypeAdapter[Action] = TypeAdapter(Action)
ALWAYS = CONDITION.validate_python({"type": "all"})


def key(number: int) -> UUID:
    """Return a stable id."""
    return UUID(int=number + 1)


def line(number: int, price: int, quantity: int = 1, **values: Any) -> PromoLine:
    """Return a line of product `number`."""
    return PromoLine(**{
        "line_id": str(number), "product_id": key(number), "variant_id": key(number), "collection_ids": frozenset(),
        "category_ids": frozenset(), "quantity": quantity, "unit_amount": price, **values})


def facts(*lines: PromoLine, **values: Any) -> PromoFacts:
    """Return the facts of a cart in dollars, of an unknown visitor."""
    return PromoFacts(**{
        "currency": "USD", "lines": lines, "shipping_amount": 0, "country": None, "region": None,
        "segment_ids": frozenset(), "is_first_order": False, "is_identified": False, "codes": (), "at": NOON, **values})


def rule(number: int, *actions: dict[str, Any], when: dict[str, Any] | None = None, **values: Any) -> ActiveRule:
    """Return rule `number`, which always applies unless told."""
    return ActiveRule(**{
        "id": key(1000 + number), "name": f"rule {number}", "priority": number,
        "conditions": CONDITION.validate_python(when) if when else ALWAYS,
        "actions": tuple(ACTION.validate_python(each) for each in actions), **values})


def random_cart(random: Random, *, lines: int = 4, pieces: int = 3) -> PromoFacts:
    """Return a cart; every third price is one of few, so that pieces tie."""
    made = []
    for number in range(random.randint(1, lines)):
        price, quantity = random.choice((0, 1, 99, 100, 333, random.randint(1, 5000))), random.randint(1, pieces)
        made.append(line(
            number, price, quantity, taken=random.choice((0, 0, random.randint(0, price * quantity))),
            collection_ids=frozenset(key(100 + n) for n in range(2) if random.random() < 0.5)))
    return facts(*made, shipping_amount=random.choice((0, 499, 1500)))


def random_items(random: Random) -> dict[str, Any] | None:
    """Return a filter, or none."""
    choice = random.random()
    if choice < 0.4:
        return None
    if choice < 0.7:
        return {"collection_ids": [str(key(100 + random.randint(0, 1)))]}
    return {"product_ids": [str(key(random.randint(0, 3))) for _ in range(2)]}


def random_action(random: Random) -> dict[str, Any]:
    """Return an action of any type."""
    items, cap = random_items(random), random.choice((None, None, random.randint(1, 500)))
    percent = random.choice(("5", "10", "33.333", "50", "100"))
    action: dict[str, Any] = random.choice((
        {"type": "percent", "percent": percent, "items": items},
        {"type": "fixed", "amount": random.randint(1, 800), "per": random.choice(("order", "line")), "items": items},
        {"type": "free_shipping"},
        {"type": "buy_x_get_y", "buy_quantity": random.randint(1, 2), "get_quantity": 1, "percent": percent,
         "items": items, "get_items": random_items(random)},
        {"type": "tiered_spend", "items": items, "tiers": [
            {"from_amount": 100, "percent": percent}, {"from_amount": 2000, "amount": random.randint(1, 900)}]},
        {"type": "bundle_price", "amount": random.randint(0, 500), "parts": [
            {"quantity": random.randint(1, 2), "items": {"collection_ids": [str(key(100 + n))]}}
            for n in range(random.randint(1, 2))]}))
    return {**action, "cap_amount": cap}


def random_rules(random: Random, *, most: int) -> list[ActiveRule]:
    """Return rules with every way of stacking."""
    made = []
    for number in range(random.randint(1, most)):
        stacking = random.random()
        one = rule(number, *(random_action(random) for _ in range(random.choice((1, 1, 2)))),
                   priority=random.randint(1, 3), stack_group=random.choice((None, None, "a", "b")),
                   budget_left=random.choice((None, None, None, random.randint(0, 400))))
        made.append(replace(one, is_exclusive=stacking < 0.1, is_stackable=stacking > 0.3, is_last=stacking > 0.9))
    return made


def random_order(random: Random, things: Sequence[Any]) -> list[Any]:
    """Return the same things in another order."""
    return random.sample(list(things), len(things))
