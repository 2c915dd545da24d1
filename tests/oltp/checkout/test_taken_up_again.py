"""A cancelled order that is taken up again waits for new money: what was given back pays for nothing."""

from datetime import datetime, timedelta

import pytest

from oltp.checkout.queries import list_untold
from oltp.checkout.settling import settle_attempt
from oltp.checkout.sweeping import sweep_unpaid
from oltp.checkout.wishes import PaymentChoice
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.orders.models import Order
from oltp.orders.queries import get_order
from tests.oltp.checkout.buying import CARD, Buyer, wish
from tests.selling import Shop

DECLINED = PaymentChoice("CREDIT_CARD", None, "fake_declined")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with an account at a provider."""
    shop.gateway("STRIPE")
    return shop


@pytest.fixture
def again(shop: Shop, buyer: Buyer) -> Order:
    """An order that was paid, cancelled and refunded, and waits anew since two hours later."""
    order = buyer.cancel(buyer.place(wish((shop.product(1000, stock=5), 1)), CARD))
    assert buyer.charged(order) == 0
    buyer.clock = FixedClock(buyer.clock.now() + timedelta(hours=2))
    return buyer.move(order, "PENDING")


def status(buyer: Buyer, order: Order) -> str:
    """The order's state now."""
    with buyer.transactions()() as session:
        return get_order(session, store_id=buyer.shop.store_id, order_id=order.id).status


def hear_again(buyer: Buyer, order: Order) -> None:
    """Let the order follow its first attempt once more, as a repeated callback does."""
    first = buyer.shop.execute("""
        SELECT (array_agg(id ORDER BY id))[1] FROM payment_attempt WHERE store_id = :store AND order_id = :order""",
        order=order.id)
    settle_attempt(buyer.transactions(), gateways=buyer.gateways, attempt_id=first, clock=buyer.clock)


def test_money_that_was_given_back_does_not_pay_for_it(shop: Shop, buyer: Buyer, again: Order) -> None:
    hear_again(buyer, again)
    assert status(buyer, again) == "PENDING" and buyer.charged(again) == 0
    with shop.database.worker_session() as session:
        later, long_ago = shop.later(60), datetime(2025, 1, 1, tzinfo=buyer.clock.now().tzinfo)
        assert again.id not in {
            shop.execute("SELECT order_id FROM payment_attempt WHERE store_id = :store AND id = :id", id=attempt)
            for _, attempt in list_untold(session, since=later, oldest=long_ago, after=None, limit=100)}


def test_new_money_pays_for_it_and_a_new_failure_fails(shop: Shop, buyer: Buyer, again: Order) -> None:
    assert buyer.pay(again, DECLINED).status == "PAYMENT_FAILED"
    hear_again(buyer, again)
    assert status(buyer, again) == "PAYMENT_FAILED"
    paid = buyer.pay(again)
    assert (paid.status, paid.payment_status) == ("PAID", "PAID") and buyer.charged(again) == 1000
    hear_again(buyer, again)
    assert status(buyer, again) == "PAID" and buyer.offenders() == []


def test_new_money_that_is_only_promised_does_not_make_it_paid(shop: Shop, buyer: Buyer, again: Order) -> None:
    shop.execute("""UPDATE payment_provider_config SET public_settings = '{"capture": "manual"}'
                    WHERE store_id = :store""")
    order = buyer.pay(again)
    assert (order.status, order.payment_status) == ("PROCESSING", "AUTHORIZED")
    hear_again(buyer, again)
    assert status(buyer, again) == "PROCESSING" and buyer.offenders() == []


def test_it_has_the_time_of_a_new_order_to_be_paid(shop: Shop, buyer: Buyer, again: Order) -> None:
    sweep_unpaid(Work(shop.database, buyer.clock, {}))
    assert status(buyer, again) == "PENDING"
    buyer.clock = FixedClock(buyer.clock.now() + timedelta(minutes=61))
    sweep_unpaid(Work(shop.database, buyer.clock, {}))
    assert status(buyer, again) == "CANCELED" and buyer.offenders() == []
