"""Nobody pays for what he does not get, nor twice: whatever crosses a payment, what is beyond what is due goes back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from oltp.checkout import cancelling
from oltp.checkout.collecting import capture_payment, void_payment
from oltp.checkout.hearing import settle_payment
from oltp.checkout.reconciling import reconcile_attempt, reconcile_payments
from oltp.checkout.refunds import refund_order
from oltp.checkout.wishes import PaymentChoice
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.orders.models import Order
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.errors import CaptureRefused, OrderCancelled
from oltp.payments.gateways.fake import Fault
from tests.oltp.checkout.buying import CARD, COD, Buyer, wish
from tests.selling import Shop

PENDING = PaymentChoice("CREDIT_CARD", None, "fake_pending")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with an account at a provider."""
    shop.gateway("STRIPE")
    return shop


def attempt(shop: Shop, order: Order) -> UUID:
    """The order's first attempt."""
    found: UUID = shop.execute(
        "SELECT id FROM payment_attempt WHERE store_id = :store AND order_id = :id ORDER BY id LIMIT 1", id=order.id)
    return found


def kept(shop: Shop, order: Order) -> int:
    """What was collected for the order and not given back, by our books."""
    return int(shop.execute("""
        SELECT sum(captured_amount - refunded_amount) FROM payment_attempt
        WHERE store_id = :store AND order_id = :id""", id=order.id))


def capture(shop: Shop, buyer: Buyer, order: Order, amount: int | None = None) -> None:
    """Capture it, or record cash."""
    capture_payment(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt(shop, order), amount=amount,
                    operation_id=new_id(), clock=buyer.clock)


def paid_twice(shop: Shop, buyer: Buyer) -> Order:
    """An order of 3 whose first payment was given up; the second came through, and then the first one all the same."""
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), PENDING)
    first = attempt(shop, order)
    with shop.database.session_for(shop.store_id) as session:
        record_entries(session, store_id=shop.store_id, attempt_id=first, entries=[NewEntry("failed", "gone")],
                       clock=buyer.clock)
    settle_payment(buyer.transactions(), gateways=buyer.gateways, attempt_id=first, clock=buyer.clock)
    assert buyer.pay(order).status == "PAID"
    buyer.fake.complete(first)
    return order


def test_who_pays_twice_gets_one_of_them_back(shop: Shop, buyer: Buyer) -> None:
    order = paid_twice(shop, buyer)
    for _ in range(2):
        reconcile_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt(shop, order),
                          clock=buyer.clock)
    assert buyer.charged(order) == kept(shop, order) == 3000
    assert shop.execute("SELECT status || ' ' || payment_status FROM orders WHERE store_id = :store") == "PAID PAID"
    # It takes nothing back of what was sold.
    assert shop.execute("SELECT count(*) FROM refund_item WHERE store_id = :store") == 0
    assert buyer.offenders() == []
    buyer.cancel(order)
    assert buyer.charged(order) == kept(shop, order) == 0


def test_what_was_given_back_for_units_is_not_counted_as_paid(shop: Shop, buyer: Buyer) -> None:
    order = paid_twice(shop, buyer)
    (line,) = buyer.lines(order)
    refund_order(buyer.transactions(), gateways=buyer.gateways, order_id=order.id, items={line.id: 1}, reason=None,
                 refund_id=new_id(), clock=buyer.clock)
    reconcile_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt(shop, order), clock=buyer.clock)
    assert buyer.charged(order) == kept(shop, order) == 2000 and buyer.offenders() == []


def test_what_a_person_gave_back_already_does_not_go_back_again(shop: Shop, buyer: Buyer) -> None:
    order = paid_twice(shop, buyer)
    first = attempt(shop, order)
    buyer.fake.refund(f"fake_{first.hex}", 3000, refund_id=new_id(), currency="USD", key="by hand")
    reconcile_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=first, clock=buyer.clock)
    assert buyer.charged(order) == kept(shop, order) == 3000 and buyer.offenders() == []


def authorized(shop: Shop, buyer: Buyer) -> tuple[Order, UUID]:
    """An order of 3 units of 1000 whose money is promised, and its line."""
    shop.execute("""
        UPDATE payment_provider_config SET public_settings = '{"capture": "manual"}' WHERE store_id = :store""")
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), CARD)
    return order, buyer.lines(order)[0].id


def test_units_cancelled_while_the_capture_is_on_its_way_are_not_paid_for(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, line = authorized(shop, buyer)
    ask = buyer.fake.capture

    def answer(*args: Any, **more: Any) -> Any:
        buyer.cancel_items(order, {line: 1})
        return ask(*args, **more)

    monkeypatch.setattr(buyer.fake, "capture", answer)
    capture(shop, buyer, order)
    assert buyer.charged(order) == kept(shop, order) == 2000 and buyer.offenders() == []


def test_what_another_attempt_has_paid_is_not_captured(shop: Shop, buyer: Buyer) -> None:
    order, _ = authorized(shop, buyer)
    other = shop.execute("""
        INSERT INTO payment_attempt (store_id, order_id, gateway, method, status, currency, amount, authorized_amount,
                                     captured_amount)
        VALUES (:store, :id, 'MANUAL', 'CASH_ON_DELIVERY', 'captured', 'USD', 3000, 3000, 3000) RETURNING id""",
        id=order.id)
    assert other != attempt(shop, order)
    with pytest.raises(CaptureRefused):
        capture(shop, buyer, order)


@pytest.mark.parametrize(("collected", "left"), [(500, 500), (2000, 2000), (2500, 2000), (3000, 2000)])
def test_units_of_an_order_that_is_paid_in_part_are_not_collected(
    shop: Shop, buyer: Buyer, collected: int, left: int
) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), COD)
    (line,) = buyer.lines(order)
    capture(shop, buyer, order, collected)
    buyer.cancel_items(order, {line.id: 1})
    assert kept(shop, order) == left
    if left < 2000:
        capture(shop, buyer, order)
    with pytest.raises(CaptureRefused):
        capture(shop, buyer, order)
    assert kept(shop, order) == 2000 and buyer.offenders() == []


def test_a_crash_after_units_were_cancelled_does_not_keep_their_money(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), CARD)
    (line,) = buyer.lines(order)
    with monkeypatch.context() as dying, pytest.raises(ZeroDivisionError):
        dying.setattr(cancelling, "pay_refund", lambda *_, **__: 1 // 0)
        buyer.cancel_items(order, {line.id: 1})
    assert buyer.charged(order) == 3000
    work = Work(shop.database, FixedClock(buyer.clock.now() + timedelta(minutes=5)), {}, gateways=buyer.gateways)
    reconcile_payments(work)
    reconcile_payments(work)
    assert buyer.charged(order) == kept(shop, order) == 2000 and buyer.offenders() == []


def test_units_of_an_imported_order_that_was_paid_are_given_back_by_hand(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), COD)
    shop.execute("DELETE FROM payment_attempt WHERE store_id = :store")
    shop.execute("UPDATE orders SET payment_status = 'PAID', quote_id = NULL WHERE store_id = :store")
    (line,) = buyer.lines(order)
    buyer.cancel_items(order, {line.id: 1})
    assert shop.execute("SELECT amount FROM refund WHERE store_id = :store AND status = 'processed'") == 1000
    assert buyer.lines(order)[0].uncollected_quantity == 0


def test_a_repetition_after_the_money_came_refunds_nothing(shop: Shop, buyer: Buyer) -> None:
    order, operation = buyer.place(wish((shop.product(1000, stock=9), 3)), COD), new_id()
    (line,) = buyer.lines(order)
    buyer.cancel_items(order, {line.id: 1}, operation)
    capture(shop, buyer, order)
    buyer.cancel_items(order, {line.id: 1}, operation)
    assert kept(shop, order) == 2000 and buyer.offenders() == []


def test_a_refund_that_was_thought_to_have_failed_is_counted(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), CARD)
    first, refund = attempt(shop, order), new_id()
    buyer.fake.script(Fault("refund", "decline"))
    refund_order(buyer.transactions(), gateways=buyer.gateways, order_id=order.id, amount=1000, reason=None,
                 refund_id=refund, clock=buyer.clock)
    assert kept(shop, order) == 3000
    buyer.fake.refund(f"fake_{first.hex}", 1000, refund_id=refund, currency="USD", key="made all the same")
    for _ in range(2):
        reconcile_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=first, clock=buyer.clock)
    assert buyer.charged(order) == kept(shop, order) == 2000 and buyer.offenders() == []


def test_a_promise_that_was_let_go_of_is_none(shop: Shop, buyer: Buyer) -> None:
    order, _ = authorized(shop, buyer)
    assert shop.execute("SELECT payment_status::text FROM orders WHERE store_id = :store") == "AUTHORIZED"
    void_payment(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt(shop, order), clock=buyer.clock)
    assert shop.execute("SELECT payment_status::text FROM orders WHERE store_id = :store") == "PENDING"


def test_a_dispute_that_is_won_after_the_order_was_cancelled_is_given_back(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), CARD)
    first = attempt(shop, order)

    def say(kind: str) -> None:
        with shop.database.session_for(shop.store_id) as session:
            record_entries(session, store_id=shop.store_id, attempt_id=first, entries=[NewEntry(kind, "dp", 1200)],
                           clock=buyer.clock)
        settle_payment(buyer.transactions(), gateways=buyer.gateways, attempt_id=first, clock=buyer.clock)

    say("charged_back")
    buyer.cancel(order)
    assert buyer.charged(order) == 1200
    for _ in range(2):
        say("charge_back_reversed")
    assert buyer.charged(order) == kept(shop, order) == 0 and buyer.offenders() == []


@pytest.mark.parametrize("is_cash", [True, False])
def test_nothing_is_collected_for_a_cancelled_order(
    shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch, is_cash: bool
) -> None:
    order = buyer.place(wish((shop.product(1000, stock=9), 3)), COD) if is_cash else authorized(shop, buyer)[0]
    with monkeypatch.context() as dying:
        # The promise stands still: whoever cancelled died before he could let go of it.
        dying.setattr(cancelling, "return_money", lambda *_, **__: None)
        buyer.cancel(order)
    with pytest.raises(OrderCancelled):
        capture(shop, buyer, order)
    assert kept(shop, order) == 0 and shop.execute("SELECT count(*) FROM refund WHERE store_id = :store") == 0
