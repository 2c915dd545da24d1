"""Totals of random carts: they add up, nothing is negative, and a trace makes them again to the minor unit."""

import json
from dataclasses import replace
from decimal import Decimal
from random import Random

from oltp.checkout.totals import Priced, compute
from oltp.checkout.traces import read_trace, replay, trace_to_text
from oltp.orders.rules import units_amount
from tests.conftest import IS_FULL
from tests.oltp.checkout.random_carts import cart, line

CARTS = 10_000 if IS_FULL else 200


def adds_up(priced: Priced) -> None:
    """Check what must hold of any order."""
    totals = priced.totals
    assert totals.subtotal - totals.discount + totals.shipping + totals.tax == totals.total
    assert totals.subtotal == sum(each.subtotal for each in priced.lines)
    assert totals.discount == sum(each.discount for each in priced.lines)
    assert totals.tax == sum(each.tax for each in priced.lines) + priced.shipping_tax
    assert totals.total == sum(each.total for each in priced.lines) + totals.shipping + priced.shipping_tax
    for each in priced.lines:
        assert each.subtotal - each.discount + each.tax == each.total
        assert min(each.subtotal, each.discount, each.tax, each.total) >= 0
    assert min(vars(totals).values()) >= 0 and min(priced.shipping_discount, priced.shipping_tax) >= 0


def test_totals_add_up_in_both_tax_modes_and_three_currencies() -> None:
    chance = Random(4711)
    for _ in range(CARTS):
        inputs = cart(chance)
        priced = compute(inputs)
        adds_up(priced)
        if inputs.includes_tax:
            gross = sum(each.unit_amount * each.quantity for each in inputs.lines)
            paid = gross - sum(each.gross_discount for each in priced.lines)
            assert sum(each.total for each in priced.lines) == paid


def test_shares_of_discounts_are_the_discount_and_never_more_than_the_customer_saw() -> None:
    chance = Random(42)
    for _ in range(CARTS):
        priced = compute(cart(chance))
        assert sum(each.net_amount for each in priced.shares if each.line_id) == priced.totals.discount
        assert sum(each.net_amount for each in priced.shares if not each.line_id) == priced.shipping_discount
        for each in priced.shares:
            assert 0 <= each.net_amount <= each.applied.amount
            assert not each.applied.unit_amounts or sum(each.applied.unit_amounts) == each.applied.amount
        for given in priced.lines:
            shares = [each for each in priced.shares if each.line_id == given.line_id]
            assert sum(each.applied.amount for each in shares) == given.gross_discount
            assert sum(each.net_amount for each in shares) == given.discount


def test_replay_of_the_trace_equals_the_totals() -> None:
    chance = Random(7)
    for _ in range(CARTS):
        inputs = cart(chance)
        priced = compute(inputs)
        written = json.loads(trace_to_text(inputs, priced))
        assert replay(written) == priced.totals
        trace = read_trace(written)
        assert trace.inputs == inputs and trace.priced == priced
        assert compute(trace.inputs) == priced


def test_the_order_of_lines_and_rules_changes_no_total() -> None:
    chance = Random(9)
    for _ in range(CARTS // 4):
        inputs = cart(chance)
        lines, rules = list(inputs.lines), list(inputs.rules)
        chance.shuffle(lines)
        chance.shuffle(rules)
        other = compute(replace(inputs, lines=tuple(lines), rules=tuple(rules)))
        assert other.totals == compute(inputs).totals


def test_units_of_every_line_settle_to_the_line() -> None:
    chance = Random(11)
    for _ in range(CARTS // 4):
        inputs = cart(chance)
        for wanted, priced in zip(inputs.lines, compute(inputs).lines, strict=True):
            settled, worth = 0, 0
            while settled < wanted.quantity:
                more = chance.randint(1, wanted.quantity - settled)
                worth += units_amount(priced.total, wanted.quantity, settled, more)
                settled += more
            assert worth == priced.total


def test_a_discount_on_shipping_lowers_shipping_and_no_line() -> None:
    chance = Random(3)
    inputs = replace(
        cart(chance), lines=(replace(line(chance, 1, quantity=1), unit_amount=1000),), bundles=(), includes_tax=False,
        mode="stack", shipping_rate=Decimal("0.1"))
    assert inputs.shipping is not None
    inputs = replace(inputs, shipping=replace(inputs.shipping, amount=500), rules=())
    plain = compute(inputs)
    assert (plain.totals.shipping, plain.shipping_tax, plain.totals.discount) == (500, 50, 0)
