"""Cancelling orders and units: stock, promotions and money go back, and no other line is touched."""

from datetime import timedelta
from typing import Any

import pytest

from oltp.checkout.cancellation import cancel
from oltp.checkout.errors import (
    MoneyLeft,
    MoneyMissing,
    OrderNotCancellable,
    OrderPartlySent,
    UnitsNotCancellable,
)
from oltp.checkout.sweeping import return_owed
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.orders.actions import take_order
from oltp.orders.errors import OrderHeld, OrderItemNotFound, TransitionNotAllowed
from oltp.orders.models import Order
from tests.oltp.checkout.buying import CARD, Buyer, bundle, together, wish
from tests.selling import Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with an account at a provider."""
    shop.gateway("STRIPE")
    return shop


def amounts(buyer: Buyer, order: Order) -> list[tuple[int, ...]]:
    """What each line of the order says of its money."""
    return [(line.line_subtotal_amount, line.line_discount_amount, line.line_tax_amount, line.line_total_amount)
            for line in buyer.lines(order)]


def test_a_cancelled_order_gives_back_stock_and_money_and_keeps_the_reason(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), CARD)
    assert buyer.charged(order) == 2000 and shop.on_hand(cup) == 3
    cancelled = buyer.cancel(order, "changed her mind")
    assert cancelled.cancel_reason == "changed her mind" and cancelled.canceled_at is not None
    assert buyer.charged(order) == 0 and shop.on_hand(cup) == 5
    again = buyer.cancel(order)
    assert again.status == cancelled.status and shop.on_hand(cup) == 5
    assert buyer.events(order).count("order.cancelled") == 1 and buyer.offenders() == []


@pytest.mark.race
def test_twelve_cancel_at_once_and_stock_comes_back_once(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), CARD)
    results = together(12, lambda _: buyer.cancel(order).status)
    assert set(results) <= {"CANCELED", "REFUNDED"}, results
    assert shop.on_hand(cup) == 5 and buyer.charged(order) == 0 and buyer.offenders() == []


def test_an_order_of_which_pieces_were_sent_is_not_cancelled_as_a_whole(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 3)), CARD)
    shop.execute("UPDATE order_items SET fulfilled_quantity = 2 WHERE store_id = :store")
    with pytest.raises(OrderPartlySent):
        buyer.cancel(order)
    assert buyer.charged(order) == 3000 and shop.on_hand(cup) == 2


def test_cash_on_delivery_is_cancelled_without_any_money(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.cancel(buyer.place(wish((cup, 2))))
    assert (order.status, order.cancel_reason) == ("CANCELED", "Order canceled") and shop.on_hand(cup) == 5
    assert buyer.offenders() == []


def test_what_was_sent_is_not_cancelled(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(), 1)))
    buyer.move(order, "SHIPPED")
    with pytest.raises(OrderNotCancellable, match="SHIPPED"):
        buyer.cancel(order)
    assert buyer.move(order, "CANCELED").status == "CANCELED"


def test_cancelling_a_line_never_moves_another_lines_discount(shop: Shop, buyer: Buyer) -> None:
    cup, pot = shop.product(1000, stock=9), shop.product(333, stock=9)
    shop.tax("GB", "0.19")
    tea = bundle(shop, (cup, 2), (pot, 3), percent="12.5")
    order = buyer.place(wish((cup, 3), bundles=[(tea, 1)]), CARD)
    before, total = amounts(buyer, order), order.order_total_amount
    first, second, third = buyer.lines(order)
    assert second.line_discount_amount > 0 and third.line_discount_amount > 0
    buyer.cancel_items(order, {second.id: 1})
    buyer.cancel_items(order, {first.id: 2})
    assert amounts(buyer, order) == before
    assert [line.cancelled_quantity for line in buyer.lines(order)] == [2, 1, 0]
    paid_back = total - buyer.charged(order)
    assert paid_back == (first.line_total_amount // 3 * 2 + min(2, first.line_total_amount % 3)
                         + second.line_total_amount // 2 + second.line_total_amount % 2)
    assert shop.on_hand(cup) == 9 - 5 + 3 and buyer.offenders() == []


def test_units_of_an_unpaid_order_are_not_collected(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 3)))
    (line,) = buyer.lines(order)
    buyer.cancel_items(order, {line.id: 2})
    (line,) = buyer.lines(order)
    assert (line.cancelled_quantity, line.uncollected_quantity, line.line_total_amount) == (2, 2, 3000)
    assert shop.on_hand(cup) == 4
    told = shop.execute("""
        SELECT payload FROM domain_event WHERE store_id = :store AND name = 'order.items_cancelled'""")
    assert (told["units_count"], told["net_amount"], told["tax_amount"]) == (2, 2000, 0)
    cancelled = buyer.cancel_items(order, {line.id: 1})
    assert cancelled.status == "CANCELED" and shop.on_hand(cup) == 5 and buyer.offenders() == []


def test_units_repeated_with_one_operation_are_cancelled_once(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 3)), CARD)
    (line,) = buyer.lines(order)
    operation = new_id()
    buyer.cancel_items(order, {line.id: 1}, operation)
    buyer.cancel_items(order, {line.id: 1}, operation)
    assert buyer.charged(order) == 2000 and shop.on_hand(cup) == 3
    assert [line.cancelled_quantity for line in buyer.lines(order)] == [1]


def refused(kind: type[Exception], work: Any) -> None:
    """Whether it is refused so."""
    with pytest.raises(kind):
        work()


def test_more_than_there_is_can_not_be_cancelled(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(), 3)))
    (line,) = buyer.lines(order)
    refused(UnitsNotCancellable, lambda: buyer.cancel_items(order, {line.id: 4}))
    refused(OrderItemNotFound, lambda: buyer.cancel_items(order, {new_id(): 1}))
    shop.execute("UPDATE order_items SET fulfilled_quantity = 2 WHERE store_id = :store")
    refused(UnitsNotCancellable, lambda: buyer.cancel_items(order, {line.id: 2}))


def test_moving_by_hand_moves_stock_and_needs_money(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)))
    refused(TransitionNotAllowed, lambda: buyer.move(order, "PAID"))
    refused(MoneyLeft, lambda: buyer.move(buyer.place(wish((cup, 1)), CARD), "REFUNDED"))
    buyer.cancel(order)
    assert shop.on_hand(cup) == 4
    assert buyer.move(order, "PENDING").canceled_at is None
    assert (shop.on_hand(cup), shop.reserved(cup)) == (4, 2)
    refused(MoneyMissing, lambda: buyer.move(order, "PAID"))
    assert buyer.move(order, "PROCESSING").status == "PROCESSING"
    assert (shop.on_hand(cup), shop.reserved(cup)) == (2, 0)
    shop.execute("UPDATE orders SET held_at = now(), hold_reason = 'fraud' WHERE id = :id", id=order.id)
    refused(OrderHeld, lambda: buyer.move(order, "SHIPPED"))
    assert buyer.offenders() == []


def test_money_that_a_crash_kept_goes_back(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(), 2)), CARD)
    with shop.database.session_for(shop.store_id) as session:
        taken = take_order(session, store_id=shop.store_id, order_id=order.id)
        cancel(session, order=taken, reason="Order canceled", clock=buyer.clock)
    assert buyer.charged(order) == 2000
    work = Work(shop.database, FixedClock(buyer.clock.now() + timedelta(minutes=5)), {}, gateways=buyer.gateways)
    return_owed(work)
    return_owed(work)
    assert buyer.charged(order) == 0 and buyer.offenders() == []


def test_a_cancelled_order_gives_its_promotions_back_and_takes_them_when_it_lives_again(
    shop: Shop, buyer: Buyer
) -> None:
    shop.execute("""
        INSERT INTO promotion_rule (store_id, name, status, conditions, actions, currency, usage_limit)
        VALUES (:store, 'Once', 'active', '{"type": "all"}', '[{"type": "percent", "percent": "10"}]', 'USD', 1)""")
    cup = shop.product(1000)
    order = buyer.place(wish((cup, 1)))
    assert (order.order_discount_amount, order.order_total_amount) == (100, 900)
    assert buyer.place(wish((cup, 1))).order_total_amount == 1000

    def used() -> int:
        return shop.execute("SELECT used_count FROM promotion_rule WHERE store_id = :store")

    assert used() == 1
    buyer.cancel(order)
    assert used() == 0
    buyer.move(order, "PENDING")
    assert used() == 1 and buyer.offenders() == []
