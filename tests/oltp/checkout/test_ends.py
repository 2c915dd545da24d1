"""How orders end by more than one way at once: no unit is put back twice or lost, no money kept or taken beyond."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from oltp.checkout import placing
from oltp.checkout.cancelling import remove_order
from oltp.checkout.collecting import capture_payment
from oltp.checkout.errors import OrderSent
from oltp.checkout.reconciling import reconcile_payments
from oltp.checkout.refunds import refund_order
from oltp.checkout.settling import settle_attempt
from oltp.checkout.wishes import PaymentChoice
from oltp.db.transactions import Transactions
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.orders.models import Order
from oltp.orders.queries import get_order
from oltp.payments.errors import CaptureRefused, CaptureTooLarge, OrderNotPaid
from oltp.payments.gateways.fake import Fault
from oltp.payments.models import PaymentAttempt
from oltp.returns.actions import (
    ReturnWish,
    approve_return,
    inspect_return,
    items_of,
    receive_return,
    request_return,
    take_return,
)
from oltp.returns.refunding import refund_return
from oltp.returns.rules import Inspection
from oltp.shipping.fulfilling import create_fulfillment, ship_fulfillment
from tests.oltp.checkout.buying import CARD, COD, Buyer, wish
from tests.selling import Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with an account at a provider."""
    shop.gateway("STRIPE")
    return shop


def refund(buyer: Buyer, order: Order, **wanted: Any) -> str:
    """Refund; return what became of it."""
    return refund_order(buyer.transactions(), gateways=buyer.gateways, order_id=order.id, refund_id=new_id(),
                        reason="a person asked for it", clock=buyer.clock, **wanted).status


def capture(buyer: Buyer, order: Order, amount: int | None = None) -> PaymentAttempt:
    """Take the order's money."""
    attempt = buyer.shop.execute("SELECT id FROM payment_attempt WHERE store_id = :store AND order_id = :order",
                                 order=order.id)
    return capture_payment(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt, amount=amount,
                           operation_id=new_id(), clock=buyer.clock)


def pack(buyer: Buyer, order: Order, quantities: Mapping[UUID, int]) -> UUID:
    """Pack units of the order; return the fulfilment."""
    with buyer.transactions()() as session:
        return create_fulfillment(session, store_id=buyer.shop.store_id, order_id=order.id, quantities=quantities,
                                  clock=buyer.clock).id


def ship(buyer: Buyer, order: Order, quantities: Mapping[UUID, int]) -> None:
    """Send units of the order."""
    packed = pack(buyer, order, quantities)
    with buyer.transactions()() as session:
        ship_fulfillment(session, store_id=buyer.shop.store_id, fulfillment_id=packed, clock=buyer.clock)


@pytest.mark.parametrize("cancelled", [2, 3])
def test_what_a_cancellation_put_back_is_not_put_back_by_a_refund(shop: Shop, buyer: Buyer, cancelled: int) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 3)), CARD)
    (line,) = buyer.lines(order)
    buyer.fake.script(Fault("refund", "decline"))
    buyer.cancel_items(order, {line.id: cancelled})
    assert shop.on_hand(cup) == 2 + cancelled and buyer.charged(order) == 3000
    assert refund(buyer, order, items={line.id: 3}, restock=True) == "processed"
    assert shop.on_hand(cup) == 5 and buyer.charged(order) == 0 and buyer.offenders() == []


def test_what_is_packed_goes_back_when_the_order_is_moved_to_its_end(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 3)))
    (line,) = buyer.lines(order)
    ship(buyer, order, {line.id: 1})
    packed = pack(buyer, order, {line.id: 1})
    assert buyer.move(order, "CANCELED").status == "CANCELED"
    assert shop.execute("SELECT status FROM fulfillment WHERE store_id = :store AND id = :id", id=packed) == "canceled"
    assert shop.on_hand(cup) == 4 and buyer.lines(order)[0].fulfilled_quantity == 1 and buyer.offenders() == []


def test_what_was_sent_by_hand_is_not_on_the_shelf_when_the_order_ends(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)))
    buyer.move(order, "SHIPPED")
    buyer.move(order, "CANCELED")
    assert shop.on_hand(cup) == 3 and buyer.offenders() == []


@pytest.mark.parametrize("sent", [1, 2])
def test_an_order_of_which_pieces_were_sent_is_not_taken_up_again(shop: Shop, buyer: Buyer, sent: int) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), CARD)
    ship(buyer, order, {buyer.lines(order)[0].id: sent})
    buyer.move(order, "CANCELED")
    with pytest.raises(OrderSent):
        buyer.move(order, "PENDING")
    assert shop.on_hand(cup) == 5 - sent and buyer.offenders() == []


def test_late_money_of_an_order_that_was_deleted_goes_back(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 1)), PaymentChoice("CREDIT_CARD", None, "fake_timeout_after"))
    remove_order(buyer.transactions(), gateways=buyer.gateways, order_id=order.id, clock=buyer.clock)
    assert buyer.charged(order) == 1000
    late = FixedClock(buyer.clock.now() + timedelta(minutes=5))
    reconcile_payments(Work(shop.database, late, {}, gateways=buyer.gateways))
    assert buyer.charged(order) == 0 and shop.on_hand(cup) == 5 and buyer.offenders() == []


@pytest.mark.parametrize("payment", [COD, CARD])
def test_units_that_were_cancelled_are_not_collected(shop: Shop, buyer: Buyer, payment: PaymentChoice) -> None:
    shop.execute("""UPDATE payment_provider_config SET public_settings = '{"capture": "manual"}'
                    WHERE store_id = :store""")
    order = buyer.place(wish((shop.product(1000), 3)), payment)
    assert order.status == "PROCESSING"
    buyer.cancel_items(order, {buyer.lines(order)[0].id: 2})
    with pytest.raises(CaptureTooLarge):
        capture(buyer, order, 1001)
    assert capture(buyer, order).captured_amount == 1000
    with pytest.raises(CaptureRefused):
        capture(buyer, order)
    assert shop.execute("SELECT payment_status::text FROM orders WHERE store_id = :store") == "PAID"


def come_back(buyer: Buyer, order: Order, quantities: Mapping[UUID, int]) -> UUID:
    """Take units of the order back, as new; return the return, inspected."""
    given: dict[str, Any] = {"store_id": buyer.shop.store_id, "clock": buyer.clock}
    with buyer.transactions()() as session:
        return_id = request_return(session, wish=ReturnWish(order.id, quantities), **given).id
        approve_return(session, return_id=return_id, **given)
        receive_return(session, return_id=return_id, **given)
        request = take_return(session, store_id=buyer.shop.store_id, return_id=return_id)
        inspect_return(session, return_id=return_id, **given,
                       found={key: Inspection("new") for key in items_of(session, request=request)})
    return return_id


def test_a_return_whose_money_went_back_as_an_amount_is_finished_and_restocked(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), CARD)
    (line,) = buyer.lines(order)
    ship(buyer, order, {line.id: 2})
    assert refund(buyer, order, amount=2000) == "processed"
    done = refund_return(buyer.transactions(), gateways=buyer.gateways, return_id=come_back(buyer, order, {line.id: 2}),
                         clock=buyer.clock)
    assert (done.status, done.refund_id) == ("refunded", None)
    assert shop.on_hand(cup) == 5 and buyer.charged(order) == 0 and buyer.offenders() == []


def test_a_parcel_that_was_refused_at_the_door_is_restocked_once_its_order_has_ended(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)))
    (line,) = buyer.lines(order)
    ship(buyer, order, {line.id: 2})
    return_id = come_back(buyer, order, {line.id: 2})
    with pytest.raises(OrderNotPaid):
        refund_return(buyer.transactions(), gateways=buyer.gateways, return_id=return_id, clock=buyer.clock)
    buyer.move(order, "CANCELED")
    assert shop.on_hand(cup) == 3
    for _ in range(2):
        done = refund_return(buyer.transactions(), gateways=buyer.gateways, return_id=return_id, clock=buyer.clock)
        assert (done.status, done.refund_id) == ("refunded", None) and shop.on_hand(cup) == 5
    assert buyer.offenders() == []



def test_all_money_of_a_cancelled_order_goes_back_though_a_part_was_on_its_way(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(1000), 2)), CARD)
    buyer.fake.script(Fault("refund", "timeout_before"))
    assert refund(buyer, order, amount=300) == "pending"
    buyer.cancel(order)
    assert buyer.charged(order) == 300
    late = FixedClock(buyer.clock.now() + timedelta(minutes=5))
    reconcile_payments(Work(shop.database, late, {}, gateways=buyer.gateways))
    assert buyer.charged(order) == 0 and buyer.offenders() == []


def test_an_order_of_which_a_unit_was_refunded_before_it_heard_of_its_money_goes_on(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    cup = shop.product(1000, stock=5)
    refunded: list[str] = []

    def settle(transactions: Transactions, **given: Any) -> Order:
        with transactions() as session:
            order = get_order(session, store_id=shop.store_id, order_id=order_id)
        refunded.append(refund(buyer, order, items={buyer.lines(order)[0].id: 1}))
        return settle_attempt(transactions, **given)

    monkeypatch.setattr(placing, "settle_attempt", settle)
    order_id = new_id()
    order = buyer.place(wish((cup, 3)), CARD, operation_id=order_id)
    assert refunded == ["processed"] and (order.status, order.payment_status) == ("PAID", "PAID")
    assert buyer.charged(order) == 2000 and shop.on_hand(cup) == 3 and buyer.offenders() == []
