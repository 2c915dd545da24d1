"""What a candidate rule would have done to the last orders: replayed on their own lines, and nothing is written.

An order that was made from a quote is computed again from the quote's trace, with the candidate among the rules of
that day; another one from its frozen lines, where the candidate acts on what was left to pay. The candidate's
budget is used up from the oldest order on; its limits, its window and its codes are left out of account.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.checkout.past_orders import PastOrder, list_past_orders
from oltp.checkout.totals import compute
from oltp.promotions.rules import ActiveRule, Applied, evaluate
from oltp.tenancy.queries import get_selling_settings, get_store


@dataclass(frozen=True)
class WhatIf:
    """What would have changed, in minor units: the gross discount on lines and shipping, and net sales.

    Net sales are those of the lines, without tax, after their discounts.
    """

    orders_considered: int
    orders_changed: int
    discount_delta: int
    net_sales_delta: int
    currency: str


@dataclass(frozen=True)
class Change:
    """What would have changed in one order, and what the candidate itself would have given."""

    discount: int
    net_sales: int
    given: int


def what_if(session: Session, *, store_id: UUID, rule: ActiveRule, order_count: int, at: datetime) -> WhatIf:
    """Replay the candidate on the last `order_count` storefront orders of its currency that were placed before `at`.

    Without a currency of its own it is replayed on orders in the store's. Cancelled orders and those that could not be
    paid don't count.
    """
    currency = rule.currency or get_store(session, store_id=store_id).currency
    mode = get_selling_settings(session, store_id=store_id).promotion_mode
    orders = list_past_orders(session, store_id=store_id, currency=currency, order_count=order_count, at=at)
    changes = compare(orders, rule, is_best_deal=mode == "best_deal")
    return WhatIf(
        orders_considered=len(orders), orders_changed=sum(bool(each.discount or each.given) for each in changes),
        discount_delta=sum(each.discount for each in changes), net_sales_delta=sum(each.net_sales for each in changes),
        currency=currency)


def compare(orders: Sequence[PastOrder], rule: ActiveRule, *, is_best_deal: bool = False) -> list[Change]:
    """Return what would have changed in each order, given oldest first. Pure."""
    candidate = replace(rule, code=None, code_id=None, is_used_up=False)
    changes: list[Change] = []
    for order in orders:
        change = _replayed(order, candidate) if order.inputs else _on_top(order, candidate, is_best_deal)
        if candidate.budget_left is not None:
            candidate = replace(candidate, budget_left=candidate.budget_left - change.given)
        changes.append(change)
    return changes


def _replayed(order: PastOrder, candidate: ActiveRule) -> Change:
    assert order.inputs is not None
    others = tuple(rule for rule in order.inputs.rules if rule.id != candidate.id)
    before, after = compute(order.inputs), compute(replace(order.inputs, rules=(*others, candidate)))
    gross = [sum(share.applied.amount for share in priced.shares) for priced in (before, after)]
    net = [priced.totals.subtotal - priced.totals.discount for priced in (before, after)]
    given = _given([share.applied for share in after.shares], candidate)
    return Change(gross[1] - gross[0], net[1] - net[0], given)


def _on_top(order: PastOrder, candidate: ActiveRule, is_best_deal: bool) -> Change:
    found = evaluate(order.facts, [candidate], "best_deal" if is_best_deal else "stack")
    net = 0
    for line in order.facts.lines:
        had = order.net_amounts[line.line_id]
        left = line.amount - found.line_discounts.get(line.line_id, 0)
        # The net part of a line shrinks as what is paid for it does; where there is no tax both are the same.
        net += (had * left + line.amount // 2) // line.amount - had if line.amount else 0
    return Change(found.total, net, found.total)


def _given(applied: Sequence[Applied], candidate: ActiveRule) -> int:
    return sum(each.amount for each in applied if each.rule_id == candidate.id)
