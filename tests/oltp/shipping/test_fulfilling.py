"""Fulfilments: never more than ordered, nothing held or unpaid, and the order follows them."""

import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from oltp.kit.clock import FixedClock
from oltp.kit.errors import Refusal
from oltp.kit.ids import new_id
from oltp.kit.trace import bind_trace, new_trace
from oltp.orders.errors import OrderHeld, OrderNotFound
from oltp.shipping import errors
from oltp.shipping.fulfilling import (
    cancel_fulfillment,
    create_fulfillment,
    deliver_fulfillment,
    pack_fulfillment,
    ship_fulfillment,
)
from oltp.shipping.models import Fulfillment
from oltp.shipping.rules import Tracking
from oltp.shipping.states import FULFILLMENT, may_become
from tests.conftest import IS_FULL, NOON
from tests.oltp.shipping.orders import Placed, column, event_names, place
from tests.selling import Goods, Shop

CLOCK = FixedClock(NOON)


def send(shop: Shop, placed: Placed, *quantities: int) -> UUID:
    """Take so many units of each line (none: all that is left); return the fulfilment's id."""
    wanted = {line: quantity for line, quantity in zip(placed.lines, quantities, strict=False) if quantity}
    with shop.database.session_for(shop.store_id) as session:
        return create_fulfillment(session, store_id=shop.store_id, order_id=placed.order_id, quantities=wanted,
                                  clock=CLOCK).id


def do(shop: Shop, action: Any, fulfillment_id: UUID, **values: Any) -> Fulfillment:
    """Run an action on a fulfilment in a transaction of its own."""
    with shop.database.session_for(shop.store_id) as session:
        return action(session, store_id=shop.store_id, fulfillment_id=fulfillment_id, clock=CLOCK, **values)


def status(shop: Shop, placed: Placed) -> str:
    """The order's status."""
    return column(shop, "orders", placed.order_id, "CAST(status AS text)")


@pytest.fixture
def goods(shop: Shop) -> Goods:
    """A product of the shop."""
    return shop.product()


def test_a_part_leaves_the_order_processing_and_all_of_it_moves_it_on(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 2), (shop.product(), 1))
    first = send(shop, placed, 1)
    assert status(shop, placed) == "PROCESSING"
    do(shop, pack_fulfillment, first)
    do(shop, ship_fulfillment, first)
    assert status(shop, placed) == "PROCESSING"
    second = send(shop, placed)
    assert [column(shop, "order_items", line, "fulfilled_quantity") for line in placed.lines] == [2, 1]
    do(shop, ship_fulfillment, second)
    assert status(shop, placed) == "SHIPPED"
    do(shop, deliver_fulfillment, first)
    assert status(shop, placed) == "SHIPPED" and column(shop, "orders", placed.order_id, "fulfilled_at") is None
    do(shop, deliver_fulfillment, second)
    assert status(shop, placed) == "DELIVERED"
    assert column(shop, "orders", placed.order_id, "fulfilled_at") == NOON
    assert event_names(shop, ("fulfillment",)) == [
        f"fulfillment.{verb}" for verb in ("created", "packed", "shipped", "created", "shipped", "delivered",
                                           "delivered")]


def test_cancelled_units_are_not_waited_for(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 3))
    shop.execute("UPDATE order_items SET cancelled_quantity = 1 WHERE store_id = :store AND id = :line",
                 line=placed.lines[0])
    with pytest.raises(errors.MoreThanOrdered) as refused:
        send(shop, placed, 3)
    assert refused.value.field == "items.0.quantity" and refused.value.facts["left"] == 2
    do(shop, ship_fulfillment, send(shop, placed, 2))
    assert status(shop, placed) == "SHIPPED"


def test_a_cancelled_fulfilment_gives_its_units_back(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 2))
    fulfillment = send(shop, placed)
    with pytest.raises(errors.NothingToSend):
        send(shop, placed)
    do(shop, cancel_fulfillment, fulfillment)
    assert column(shop, "order_items", placed.lines[0], "fulfilled_quantity") == 0
    do(shop, ship_fulfillment, send(shop, placed, 2))
    assert event_names(shop, ("fulfillment",))[1] == "fulfillment.cancelled"


@pytest.mark.parametrize("values,refusal", [
    ({"status": "PENDING", "payment": "PENDING"}, errors.OrderNotReady),
    ({"status": "PENDING", "payment": "PENDING", "method": "CASH_ON_DELIVERY"}, errors.OrderNotReady),
    ({"status": "PAYMENT_FAILED", "payment": "FAILED"}, errors.OrderNotReady),
    ({"status": "CANCELED"}, errors.OrderNotReady),
    ({"status": "REFUNDED", "payment": "REFUNDED"}, errors.OrderNotReady),
    ({"status": "PROCESSING", "payment": "PENDING"}, errors.OrderUnpaid),
    ({"status": "PROCESSING", "payment": "FAILED"}, errors.OrderUnpaid),
    ({"status": "PROCESSING", "payment": "PENDING", "method": "CASH_ON_DELIVERY"}, None),
    ({"status": "PROCESSING", "payment": "PENDING", "method": "BANK_TRANSFER"}, None),
    ({"status": "PROCESSING", "payment": "AUTHORIZED"}, None),
    ({"status": "PAID"}, None),
    ({"status": "DELIVERED"}, None),
])
def test_unpaid_orders_are_refused_but_for_cash_and_transfer(
    shop: Shop, goods: Goods, values: dict[str, str], refusal: type[Refusal] | None
) -> None:
    placed = place(shop, (goods, 1), **values)
    if refusal is None:
        assert send(shop, placed)
        return
    with pytest.raises(refusal):
        send(shop, placed)


def test_a_held_order_is_refused_at_every_step_but_arrival(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 2))
    sent, waiting = send(shop, placed, 1), send(shop, placed, 1)
    do(shop, ship_fulfillment, sent)
    shop.execute("UPDATE orders SET held_at = now(), hold_reason = 'fraud' WHERE store_id = :store")
    for attempt in (lambda: do(shop, ship_fulfillment, waiting), lambda: do(shop, pack_fulfillment, waiting),
                    lambda: send(shop, placed, 1)):
        with pytest.raises(OrderHeld, match="fraud"):
            attempt()
    assert do(shop, deliver_fulfillment, sent).status == "delivered"
    assert do(shop, cancel_fulfillment, waiting).status == "canceled"


def test_unknown_things_are_refused_by_name(shop: Shop, goods: Goods) -> None:
    placed, other = place(shop, (goods, 1)), place(shop, (goods, 1))
    with pytest.raises(errors.LineNotInOrder) as refused:
        send(shop, Placed(placed.order_id, other.lines), 1)
    assert refused.value.field == "items.0.order_item_id"
    with pytest.raises(OrderNotFound):
        send(shop, Placed(new_id(), ()))
    with pytest.raises(errors.FulfillmentNotFound):
        do(shop, pack_fulfillment, new_id())


def test_legacys_tracking_columns_follow_the_last_parcel(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 2))
    for number in ("1Z1", "1Z2"):
        do(shop, ship_fulfillment, send(shop, placed, 1),
           tracking=Tracking("UPS", number, f"https://ups.example/{number}"))
    names = ("tracking_number", "tracking_url")
    assert [column(shop, "orders", placed.order_id, name) for name in names] == ["1Z2", "https://ups.example/1Z2"]
    fulfillment = send(shop, place(shop, (goods, 1)))
    for tracking, field in ((Tracking(url="javascript:alert(1)"), "tracking_url"),
                            (Tracking(number="1" * 101), "tracking_number")):
        with pytest.raises(errors.TrackingInvalid) as refused:
            do(shop, ship_fulfillment, fulfillment, tracking=tracking)
        assert refused.value.field == field


def test_the_ids_of_the_request_are_kept(shop: Shop, goods: Goods) -> None:
    trace = new_trace("request-7")
    with bind_trace(trace):
        fulfillment = send(shop, place(shop, (goods, 1)))
    assert column(shop, "fulfillment", fulfillment, "correlation_id") == trace.correlation_id
    assert column(shop, "fulfillment", fulfillment, "request_id") == "request-7"


def test_the_states_in_sql_are_those_of_the_table(shop: Shop, goods: Goods) -> None:
    with shop.database.session_for(shop.store_id) as session:
        for since in FULFILLMENT:
            for until in FULFILLMENT:
                allowed = session.scalar(text("SELECT fulfillment_may_become(:a, :b)"), {"a": since, "b": until})
                assert allowed == (since == until or may_become(since, until)), (since, until)
    fulfillment = send(shop, place(shop, (goods, 1)))
    do(shop, cancel_fulfillment, fulfillment)
    with pytest.raises(errors.FulfillmentMoved, match="canceled can't become shipped"):
        do(shop, ship_fulfillment, fulfillment)
    with pytest.raises(IntegrityError, match="can't go from canceled to packed"):
        shop.execute("UPDATE fulfillment SET status = 'packed' WHERE store_id = :store")


def test_raw_sql_can_not_fulfil_more_than_ordered(shop: Shop, goods: Goods) -> None:
    placed = place(shop, (goods, 2))
    send(shop, placed)
    with pytest.raises(IntegrityError, match="order_items_fulfilled_check"):
        shop.execute("UPDATE fulfillment_item SET quantity = 3 WHERE store_id = :store AND order_id = :order",
                     order=placed.order_id)


def test_fulfilled_never_exceeds_ordered_in_a_race(shop: Shop, goods: Goods) -> None:
    workers, ordered, rounds = (32, 10, 20) if IS_FULL else (8, 3, 1)
    for _ in range(rounds):
        placed, outcomes = place(shop, (goods, ordered)), []
        gate = threading.Barrier(workers)

        def buy(placed: Placed = placed, outcomes: list[object] = outcomes, gate: Any = gate) -> None:
            gate.wait()
            try:
                outcomes.append(send(shop, placed, 1))
            except errors.MoreThanOrdered as refusal:
                outcomes.append(refusal)

        threads = [threading.Thread(target=buy) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == workers
        assert sum(isinstance(outcome, UUID) for outcome in outcomes) == ordered
        assert column(shop, "order_items", placed.lines[0], "fulfilled_quantity") == ordered
