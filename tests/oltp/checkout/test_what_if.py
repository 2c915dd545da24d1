"""What-if: a candidate rule replayed on the last orders tells what it would have changed, and writes nothing."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from oltp.checkout.what_if import WhatIf, what_if
from oltp.kit.clock import SystemClock
from oltp.promotions.actions import activate_rule, create_rule
from oltp.promotions.candidates import find_candidate
from tests.oltp.checkout.buying import Buyer, wish
from tests.selling import Shop

CLOCK = SystemClock()
# A transaction that writes or locks a row has an id; one that only reads has none.
UNWRITTEN = text("SELECT pg_current_xact_id_if_assigned() IS NULL")
ROWS = text("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
TEN = {"discountPercent": 10}


def replay(shop: Shop, actions: Any, *, count: int = 100, at: datetime | None = None, **fields: Any) -> WhatIf:
    """Replay a rule that is kept nowhere; nothing is written by it."""
    with shop.database.session_for(shop.store_id) as session:
        before = session.scalar(ROWS)
        rule = find_candidate(session, store_id=shop.store_id, rule_id=None, at=CLOCK.now(),
                              fields={"name": "Candidate", "actions": actions, **fields})
        found = what_if(session, store_id=shop.store_id, rule=rule, order_count=count,
                        at=at or CLOCK.now() + timedelta(minutes=1))
        session.flush()
        assert session.scalar(UNWRITTEN) and session.scalar(ROWS) == before
    return found


def activate(shop: Shop, **fields: Any) -> Any:
    """Make a rule and switch it on."""
    with shop.database.session_for(shop.store_id) as session:
        made = create_rule(session, store_id=shop.store_id, fields={"name": "Real", **fields}, clock=CLOCK)
        activate_rule(session, store_id=shop.store_id, rule_id=made.id, clock=CLOCK)
        return made.id


def forget_quotes(shop: Shop) -> None:
    """Let orders be known by their frozen lines only."""
    shop.execute("UPDATE orders SET quote_id = NULL WHERE store_id = :store")


def test_a_candidate_is_replayed_on_the_last_orders_before_activation(shop: Shop, buyer: Buyer) -> None:
    cheap, dear = shop.product(1000), shop.product(20_000)
    for bought in ((cheap, 2), (dear, 1), (dear, 2)):
        buyer.place(buyer.quote(wish(bought)))
    expected = WhatIf(3, 2, 6000, -6000, "USD")
    assert replay(shop, TEN, conditions={"minSubtotal": 100}) == expected
    forget_quotes(shop)
    assert replay(shop, TEN, conditions={"minSubtotal": 100}) == expected
    assert replay(shop, TEN, conditions={"minSubtotal": 100}, count=1) == WhatIf(1, 1, 4000, -4000, "USD")
    assert replay(shop, TEN, at=CLOCK.now() - timedelta(days=1)) == WhatIf(0, 0, 0, 0, "USD")
    assert replay(shop, TEN, currency="EUR") == WhatIf(0, 0, 0, 0, "EUR")


def test_what_it_says_is_what_happens(shop: Shop, buyer: Buyer) -> None:
    shop.tax("GB", "0.2")
    shop.settings(prices_include_tax=True)
    goods = shop.product(999)
    before = buyer.place(buyer.quote(wish((goods, 3))))
    said = replay(shop, {"discountPercent": 12.5})
    activate(shop, actions={"discountPercent": 12.5})
    after = buyer.place(buyer.quote(wish((goods, 3))))
    net = [order.order_subtotal_amount - order.order_discount_amount for order in (before, after)]
    assert said.net_sales_delta == net[1] - net[0] < 0
    assert said.discount_delta == before.order_total_amount - after.order_total_amount
    forget_quotes(shop)
    shop.execute("UPDATE orders SET deleted_at = now() WHERE store_id = :store AND id = :id", id=after.id)
    assert replay(shop, {"discountPercent": 12.5}) == said


def test_a_candidate_stands_among_the_rules_of_that_day(shop: Shop, buyer: Buyer) -> None:
    real = activate(shop, actions=TEN, stack_group="sale")
    buyer.place(buyer.quote(wish((shop.product(1000), 1))))
    assert replay(shop, {"discountPercent": 50}, stack_group="sale") == WhatIf(1, 0, 0, 0, "USD")
    sooner = replay(shop, {"discountPercent": 50}, stack_group="sale", priority=1)
    assert sooner == WhatIf(1, 1, 400, -400, "USD")
    with shop.database.session_for(shop.store_id) as session:
        kept = find_candidate(session, store_id=shop.store_id, rule_id=real, fields=None, at=CLOCK.now())
        assert what_if(session, store_id=shop.store_id, rule=kept, order_count=5,
                       at=CLOCK.now() + timedelta(minutes=1)).discount_delta == 0


def test_a_budget_is_used_up_from_the_oldest_order_on(shop: Shop, buyer: Buyer) -> None:
    goods = shop.product(1000)
    for _ in range(3):
        buyer.place(buyer.quote(wish((goods, 1))))
    assert replay(shop, TEN, budget_amount=150) == WhatIf(3, 2, 150, -150, "USD")


def test_cancelled_orders_do_not_count(shop: Shop, buyer: Buyer) -> None:
    buyer.cancel(buyer.place(buyer.quote(wish((shop.product(1000), 1)))))
    assert replay(shop, TEN) == WhatIf(0, 0, 0, 0, "USD")
