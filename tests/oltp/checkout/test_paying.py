"""What comes of payments: declined, unknown, late, told twice; and that nothing is open while a gateway is asked."""

from datetime import timedelta
from typing import Any

import pytest

from oltp.checkout.confirming import confirm_payment
from oltp.checkout.errors import OrderNotPayable, PaymentUnderWay
from oltp.checkout.settling import settle_attempt
from oltp.checkout.sweeping import sweep_unpaid
from oltp.checkout.wishes import PaymentChoice
from oltp.inventory.errors import OutOfStock
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.orders.models import Order
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.facts import ChargeRequest, GatewayAnswer
from tests.conftest import IS_FULL
from tests.oltp.checkout.buying import CARD, COD, Buyer, together, wish
from tests.selling import Shop

PARALLEL = 50 if IS_FULL else 12
DECLINED = PaymentChoice("CREDIT_CARD", None, "fake_declined")
NO_ANSWER = PaymentChoice("CREDIT_CARD", None, "fake_timeout_after")


def attempts(shop: Shop, order: Order) -> list[Any]:
    """Ids of the order's attempts, oldest first."""
    return shop.execute("""SELECT array_agg(id ORDER BY id) FROM payment_attempt
                           WHERE store_id = :store AND order_id = :order""", order=order.id)


def status(shop: Shop, order: Order) -> tuple[str, str]:
    """The order's state and its payment's."""
    return tuple(shop.execute("""SELECT array[status::text, payment_status::text] FROM orders
                                 WHERE store_id = :store AND id = :order""", order=order.id))


def sweep(shop: Shop, buyer: Buyer) -> None:
    """Let the unpaid sweep run."""
    sweep_unpaid(Work(shop.database, buyer.clock, {}))


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with an account at a provider."""
    shop.gateway("STRIPE")
    return shop


def test_a_declined_card_leaves_the_order_to_be_paid_again(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), DECLINED)
    assert status(shop, order) == ("PAYMENT_FAILED", "FAILED")
    assert (shop.on_hand(cup), shop.reserved(cup)) == (5, 2)
    paid = buyer.pay(order)
    assert (paid.id, paid.status, paid.payment_status) == (order.id, "PAID", "PAID")
    assert (shop.on_hand(cup), shop.reserved(cup)) == (3, 0) and len(attempts(shop, order)) == 2
    assert buyer.charged(order) == 2000
    with pytest.raises(OrderNotPayable):
        buyer.pay(order)
    assert buyer.offenders() == []


def test_paying_again_in_cash_sells_at_once(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.pay(buyer.place(wish((cup, 2)), DECLINED), COD)
    assert (order.status, order.payment_method) == ("PROCESSING", "CASH_ON_DELIVERY")
    assert (shop.on_hand(cup), shop.reserved(cup)) == (3, 0) and buyer.offenders() == []


def test_paying_again_needs_the_stock_when_the_reservation_has_run_out(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=2)
    order = buyer.place(wish((cup, 2)), DECLINED)
    shop.execute("UPDATE stock_reservation SET created_at = now() - interval '1 hour', "
                 "expires_at = now() - interval '1 minute' WHERE store_id = :store")
    other = buyer.place(wish((cup, 1)))
    with pytest.raises(OutOfStock):
        buyer.pay(order)
    buyer.cancel(other)
    assert buyer.pay(order).status == "PAID" and shop.on_hand(cup) == 0
    assert buyer.offenders() == []


def test_no_answer_leaves_it_pending_until_somebody_knows(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), NO_ANSWER)
    assert status(shop, order) == ("PENDING", "PENDING") and shop.reserved(cup) == 2
    with pytest.raises(PaymentUnderWay):
        buyer.pay(order)
    sweep(shop, buyer)
    assert status(shop, order)[0] == "PENDING"
    (attempt,) = attempts(shop, order)
    found = buyer.fake.find(attempt) or []
    with shop.database.session_for(shop.store_id) as session:
        record_entries(session, store_id=shop.store_id, attempt_id=attempt,
                       entries=[NewEntry(fact.kind, fact.entry_ref, fact.amount) for fact in found])
    settle_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt, clock=buyer.clock)
    assert status(shop, order) == ("PAID", "PAID") and buyer.charged(order) == 2000
    assert buyer.offenders() == []


@pytest.mark.race
def test_client_and_callback_race_and_the_order_is_paid_once(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), NO_ANSWER)
    (attempt,) = attempts(shop, order)
    facts = buyer.fake.find(attempt) or []

    def confirm(_: int) -> str:
        with shop.database.session_for(shop.store_id) as session:
            record_entries(session, store_id=shop.store_id, attempt_id=attempt,
                           entries=[NewEntry(fact.kind, fact.entry_ref, fact.amount) for fact in facts])
            return confirm_payment(session, store_id=shop.store_id, attempt_id=attempt,
                                   clock=buyer.clock).order.status

    assert together(PARALLEL, confirm) == ["PAID"] * PARALLEL
    assert (shop.on_hand(cup), shop.reserved(cup)) == (3, 0)
    assert buyer.events(order).count("order.paid") == 1 and buyer.offenders() == []


def test_an_order_nobody_pays_ends_and_its_stock_is_free(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=2)
    order = buyer.place(wish((cup, 2)), DECLINED)
    sweep(shop, buyer)
    assert status(shop, order)[0] == "PAYMENT_FAILED"
    buyer.clock = FixedClock(buyer.clock.now() + timedelta(minutes=61))
    sweep(shop, buyer)
    assert status(shop, order)[0] == "CANCELED" and (shop.on_hand(cup), shop.reserved(cup)) == (2, 0)
    assert "order.cancelled" in buyer.events(order) and buyer.offenders() == []
    assert buyer.place(wish((cup, 2))).status == "PROCESSING"


def late_money(shop: Shop, buyer: Buyer, stock: int) -> tuple[Order, Any]:
    """An order that was swept away while nobody knew that it was paid."""
    cup = shop.product(1000, stock=stock)
    order = buyer.place(wish((cup, 2)), NO_ANSWER)
    buyer.clock = FixedClock(buyer.clock.now() + timedelta(days=2))
    sweep(shop, buyer)
    assert status(shop, order)[0] == "CANCELED"
    (attempt,) = attempts(shop, order)
    facts = buyer.fake.find(attempt) or []
    with shop.database.session_for(shop.store_id) as session:
        record_entries(session, store_id=shop.store_id, attempt_id=attempt, external_ref=facts[0].external_ref,
                       entries=[NewEntry(fact.kind, fact.entry_ref, fact.amount) for fact in facts])
    return order, (cup, attempt)


def test_late_money_brings_the_order_back_if_its_stock_is_there(shop: Shop, buyer: Buyer) -> None:
    order, (cup, attempt) = late_money(shop, buyer, stock=2)
    settle_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt, clock=buyer.clock)
    assert status(shop, order) == ("PAID", "PAID") and shop.on_hand(cup) == 0
    assert "order.reactivated" in buyer.events(order) and buyer.offenders() == []


def test_late_money_without_stock_goes_back(shop: Shop, buyer: Buyer) -> None:
    order, (cup, attempt) = late_money(shop, buyer, stock=2)
    buyer.place(wish((cup, 1)))
    settle_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=attempt, clock=buyer.clock)
    assert status(shop, order)[0] in ("CANCELED", "REFUNDED") and buyer.charged(order) == 0
    assert shop.on_hand(cup) == 1 and buyer.offenders() == []


def test_no_transaction_is_open_while_a_gateway_is_asked(shop: Shop, buyer: Buyer) -> None:
    asked: list[int] = []
    authorize = buyer.fake.authorize

    def look(request: ChargeRequest) -> GatewayAnswer:
        # Of this store's own connections: whatever is open now would hold its locks until the gateway answers.
        asked.append(shop.execute("""
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND state = 'idle in transaction' """))
        return authorize(request)

    buyer.fake.authorize = look  # type: ignore[method-assign]
    order = buyer.place(wish((shop.product(), 1)), CARD)
    buyer.pay(buyer.place(wish((shop.product(), 1)), DECLINED))
    assert order.status == "PAID" and asked == [0, 0, 0]


def test_authorized_money_lets_the_order_go_on_and_captured_pays_it(shop: Shop, buyer: Buyer) -> None:
    shop.execute("""UPDATE payment_provider_config SET public_settings = jsonb_build_object('capture', 'manual')
                    WHERE store_id = :store""")
    cup = shop.product(1000, stock=5)
    order = buyer.place(wish((cup, 2)), CARD)
    assert status(shop, order) == ("PROCESSING", "AUTHORIZED") and shop.on_hand(cup) == 3
    cancelled = buyer.cancel(order)
    assert cancelled.status == "CANCELED" and buyer.charged(order) == 0 and shop.on_hand(cup) == 5
    assert buyer.offenders() == []
