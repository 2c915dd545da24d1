"""Buyers at once through the whole of placing, each on a connection of his own: exactly what there is is given."""

from collections.abc import Iterator
from typing import Any

import pytest

from oltp.checkout.errors import OrderNotCancellable, QuoteChanged, UnitsNotCancellable
from oltp.checkout.hearing import hear_callback
from oltp.checkout.reconciling import reconcile_payments
from oltp.checkout.wishes import CheckoutWish, PaymentChoice
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS
from oltp.inventory.errors import OutOfStock
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.orders.models import Order
from oltp.promotions.errors import PromotionUsedUp
from oltp.shipping.errors import MoreThanOrdered, OrderNotReady
from oltp.shipping.fulfilling import create_fulfillment
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.checkout.buying import CARD, COD, Buyer, bundle, count_rows, together, wish

BUYERS = 200 if IS_FULL else 16
STOCK = BUYERS // 4
CODERS = 64 if IS_FULL else 12
ASKERS = 51 if IS_FULL else 12
SENDERS = 30 if IS_FULL else 12
NO_ANSWER = PaymentChoice("CREDIT_CARD", None, "fake_timeout_after")


@pytest.fixture(scope="module")
def ground(server_url: str, template: str) -> Iterator[Database]:
    """The database that the races share, with a connection for each buyer."""
    with cloned_database(server_url, template, connections=BUYERS) as database:
        yield database


@pytest.mark.race
@pytest.mark.parametrize("variants", [1, 5])
def test_buyers_of_one_stock_get_exactly_what_there_is(buyer: Buyer, variants: int) -> None:
    """Cash and card, single goods and the set of two of them: won or refused cleanly, and nothing else."""
    shop = buyer.shop
    shop.gateway("STRIPE")
    goods = [shop.product(1000, stock=STOCK) for _ in range(variants)]
    both = bundle(shop, *((each, 1) for each in goods[:2]))

    def wanted(number: int) -> CheckoutWish:
        lines = [(each, 1) for each in (goods if number % 3 else goods[2:])]
        turned = lines[number % len(lines):] + lines[:number % len(lines)] if lines else []
        return wish(*turned, bundles=[] if number % 3 else [(both, 1)])

    found = together(BUYERS, lambda number: buyer.place(wanted(number), CARD if number % 2 else COD))
    won = [each for each in found if isinstance(each, Order)]
    assert {type(each) for each in found} == {Order, OutOfStock}
    assert len(won) == STOCK == count_rows(shop, "orders")
    assert {(shop.on_hand(each), shop.reserved(each)) for each in goods} == {(0, 0)}
    assert {each.status for each in won} <= {"PAID", "PROCESSING"}
    paid = [each.order_total_amount for each in won if each.payment_method == "CREDIT_CARD"]
    assert paid == [1000 * variants] * len(paid) and sum(buyer.fake.charged().values()) == sum(paid)
    assert buyer.offenders() == []


@pytest.mark.race
def test_a_code_is_given_exactly_as_often_as_it_may(buyer: Buyer) -> None:
    """Whoever comes too late is told, and pays no more than he was shown."""
    shop = buyer.shop
    shop.gateway("STRIPE")
    shop.execute("""INSERT INTO discount_code (store_id, code, type, percent, usage_limit)
                    VALUES (:store, 'TEN', 'PERCENTAGE', 10, 5)""")
    goods = [shop.product(1000) for _ in range(CODERS)]
    found = together(CODERS, lambda number: buyer.place(
        wish((goods[number], 1), codes=("TEN",)), CARD if number % 2 else COD, expected_total=900))
    won = [each for each in found if isinstance(each, Order)]
    assert {type(each) for each in found} <= {Order, PromotionUsedUp, QuoteChanged}
    assert len(won) == 5 == count_rows(shop, "orders") == count_rows(shop, "applied_promotion")
    assert shop.execute("SELECT used_count FROM discount_code WHERE store_id = :store") == 5
    assert {each.order_total_amount for each in won} == {900} and buyer.offenders() == []


@pytest.mark.race
def test_client_gateway_and_reconciler_race_for_one_order(buyer: Buyer) -> None:
    """The answer to the first was lost; now the client, the callback and the reconciler all come at once."""
    shop = buyer.shop
    account = shop.gateway("STRIPE")
    key = shop.execute("SELECT callback_key FROM payment_provider_config WHERE id = :id", id=account)
    cup = shop.product(1000, stock=5)
    quote = buyer.quote(wish((cup, 2)))
    order = buyer.place(quote, NO_ANSWER)
    assert order.status == "PENDING"
    ((body, headers),) = buyer.fake.callbacks(now=buyer.clock.now())
    late = Work(shop.database, FixedClock(shop.later(3)), FOLLOWERS, gateways=buyer.gateways)

    def ask(number: int) -> Any:
        if number % 3 == 0:
            return buyer.place(quote, CARD).id
        if number % 3 == 1:
            return hear_callback(shop.database, gateways=buyer.gateways, callback_key=key, body=body, headers=headers,
                                 clock=buyer.clock)
        return reconcile_payments(late)

    assert set(together(ASKERS, ask)) == {order.id, None}
    last = buyer.place(quote, CARD)
    assert (last.id, last.status, last.payment_status) == (order.id, "PAID", "PAID")
    assert count_rows(shop, "orders") == count_rows(shop, "payment_attempt") == 1
    assert buyer.charged(order) == 2000 and (shop.on_hand(cup), shop.reserved(cup)) == (3, 0)
    assert buyer.events(order).count("order.paid") == 1 and buyer.offenders() == []


@pytest.mark.race
def test_units_are_sent_or_cancelled_and_never_both(buyer: Buyer) -> None:
    """Half of the workers take a unit off the order, half take one to be sent: together they get what was ordered."""
    shop, units = buyer.shop, SENDERS // 3
    shop.gateway("STRIPE")
    cup = shop.product(1000, stock=units)
    order = buyer.place(wish((cup, units)), CARD)
    (line,) = buyer.lines(order)

    def take(number: int) -> str:
        if number % 2:
            buyer.cancel_items(order, {line.id: 1})
            return "cancelled"
        with shop.database.session_for(shop.store_id) as session:
            create_fulfillment(session, store_id=shop.store_id, order_id=order.id, quantities={line.id: 1},
                               clock=buyer.clock)
        return "sent"

    found = together(SENDERS, take)
    refused = [each for each in found if not isinstance(each, str)]
    assert {type(each) for each in refused} <= {
        UnitsNotCancellable, OrderNotCancellable, MoreThanOrdered, OrderNotReady}
    (line,) = buyer.lines(order)
    done = (found.count("cancelled"), found.count("sent"))
    assert done == (line.cancelled_quantity, line.fulfilled_quantity) and sum(done) == units
    assert (buyer.charged(order), shop.on_hand(cup)) == (1000 * done[1], done[0])
    assert buyer.offenders() == []
