"""Evaluating 50 promotion rules on a cart of 20 lines, beside a bare loop and one indexed SELECT in the same run.

Usage: python -m benchmarks.promotions [CARTS]. Each cart is evaluated in both modes; the bare loop applies the same
percentages and amounts to the same lines with nothing else: no conditions, no stacking, no shares of pieces, no trace.
The SELECT reads one row by its key from a Postgres on the same machine. Printed: p50 and p95 in ms by the clock, p50
and p95 of this process's own time (the clock's grows with what else runs), and ratios.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from pydantic import TypeAdapter

from benchmarks._server import throwaway_database
from oltp.promotions.best_deal import STEPS_SEARCHED
from oltp.promotions.conditions import Condition
from oltp.promotions.effects import Action
from oltp.promotions.rules import ActiveRule, PromoFacts, PromoLine, evaluate

RULES, LINES = 50, 20
CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
ACTION: TypeAdapter[Action] = TypeAdapter(Action)


def main(carts: int) -> None:
    random = Random(1)
    rules = tuple(make_rule(random, number) for number in range(RULES))
    grouped = tuple(replace(rule, stack_group=f"group {number % 5}") for number, rule in enumerate(rules))
    made = [make_cart(random) for _ in range(carts)]
    with throwaway_database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE bare AS "
                           "SELECT n AS id, 'row' AS name FROM generate_series(1, 10000) n")
        connection.execute("CREATE UNIQUE INDEX ON bare (id); ANALYZE bare")
        peers: dict[str, Callable[[PromoFacts], object]] = {
            "bare loop": lambda cart: bare_loop(cart, rules),
            "one indexed SELECT": lambda _: connection.execute("SELECT name FROM bare WHERE id = 5000").fetchone(),
            "stack": lambda cart: evaluate(cart, rules, "stack"),
            "stack, five groups": lambda cart: evaluate(cart, grouped, "stack"),
            "best deal": lambda cart: evaluate(cart, rules, "best_deal"),
            "best deal, five groups": lambda cart: evaluate(cart, grouped, "best_deal")}
        report({name: measure(act, made) for name, act in peers.items()})


def make_rule(random: Random, number: int) -> ActiveRule:
    """Return one of the usual kinds of rules; each has a condition to look at."""
    items = {"collection_ids": [str(UUID(int=random.randint(1, 5)))]}
    kind = number % 5
    action: dict[str, Any] = (
        {"type": "percent", "percent": random.randint(2, 10), "items": items} if kind < 2 else
        {"type": "fixed", "amount": random.randint(50, 500)} if kind == 2 else
        {"type": "tiered_spend", "tiers": [{"from_amount": 5000, "percent": 3}]} if kind == 3 else
        {"type": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1, "max_times": 1, "items": items})
    when = {"type": "all", "conditions": [
        {"type": "min_subtotal", "amount": 1000}, {"type": "country", "countries": ["DE", "AT"]}]}
    return ActiveRule(UUID(int=1000 + number), f"rule {number}", number, CONDITION.validate_python(when),
                      (ACTION.validate_python(action),))


def make_cart(random: Random) -> PromoFacts:
    """Return a cart of twenty lines, to be sent to Germany."""
    lines = tuple(PromoLine(
        str(n), UUID(int=n + 1), UUID(int=n + 1), frozenset({UUID(int=random.randint(1, 5))}), frozenset(),
        random.randint(1, 4), random.randint(300, 20_000)) for n in range(LINES))
    return PromoFacts("USD", lines, 900, "DE", None, frozenset(), False, True, (), datetime(2026, 11, 24, tzinfo=UTC))


def bare_loop(cart: PromoFacts, rules: tuple[ActiveRule, ...]) -> int:
    """Take off each line what percentages and amounts come to, as a script would."""
    left = [line.amount for line in cart.lines]
    for rule in rules:
        share = int(getattr(rule.actions[0], "percent", None) or 5)
        for place, amount in enumerate(left):
            left[place] = amount - amount * share // 100
    return sum(left)


def measure(act: Callable[[PromoFacts], object], carts: list[PromoFacts]) -> tuple[list[float], list[float]]:
    """Return sorted milliseconds, one for each cart: by the clock, and of this process."""
    act(carts[0])
    taken, own = [], []
    for cart in carts:
        began, own_began = time.perf_counter(), time.process_time()
        act(cart)
        own.append((time.process_time() - own_began) * 1000)
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken), sorted(own)


def report(times: dict[str, tuple[list[float], list[float]]]) -> None:
    select, _ = times["one indexed SELECT"]
    print(f"{RULES} rules, {LINES} lines, {len(select)} carts; best deal tries at most {STEPS_SEARCHED} rules")
    middle, high = len(select) // 2, int(len(select) * 0.95)
    for name, (taken, own) in times.items():
        print(f"{name:24} p50 {taken[middle]:8.3f} ms  p95 {taken[high]:8.3f} ms  own p50 {own[middle]:8.3f} ms  "
              f"own p95 {own[high]:8.3f} ms  p95 ÷ SELECT's {taken[high] / select[high]:7.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
