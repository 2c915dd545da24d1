"""Placing an order: what is frozen, what moves, what is refused, and what happens when fifty do it at once."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from oltp.audit.models import AuditLog
from oltp.carts.actions import NewItem, create_cart
from oltp.carts.errors import CartClosed
from oltp.checkout.errors import (
    NotForSale,
    PaymentMethodUnknown,
    QuoteChanged,
    QuoteExpired,
    ShippingMethodUnknown,
)
from oltp.checkout.quoting import quote_cart
from oltp.checkout.traces import replay
from oltp.checkout.wishes import PaymentChoice
from oltp.inventory.errors import OutOfStock
from oltp.kit.clock import FixedClock, SystemClock
from oltp.kit.ids import new_id
from oltp.kit.trace import bind_trace, new_trace
from oltp.orders.models import Order
from oltp.pricing.errors import PriceMissing
from tests.conftest import IS_FULL
from tests.oltp.checkout.buying import CARD, COD, Buyer, bundle, count_rows, together, wish
from tests.selling import Shop
from tests.statements import statements

PARALLEL = 50 if IS_FULL else 12


def test_cash_on_delivery_is_processing_unpaid_with_its_stock_sold(shop: Shop, buyer: Buyer) -> None:
    cup, pot = shop.product(1000, stock=10), shop.product(2500, stock=10)
    shop.shipping(500)
    shop.tax("GB", "0.2")
    order = buyer.place(wish((cup, 2), (pot, 1)))
    assert (order.status, order.payment_status, order.payment_method) == ("PROCESSING", "PENDING", "CASH_ON_DELIVERY")
    assert (order.order_subtotal_amount, order.order_shipping_amount, order.order_tax_amount,
            order.order_total_amount) == (4500, 500, 1000, 6000)
    assert (shop.on_hand(cup), shop.on_hand(pot), shop.reserved(cup)) == (8, 9, 0)
    assert buyer.events(order) == ["order.placed"] and order.order_number == "ORD-00001"
    attempt = shop.execute("SELECT status || ' ' || amount FROM payment_attempt WHERE store_id = :store")
    assert attempt == "created 6000"
    assert buyer.offenders() == []


def test_a_card_is_charged_after_the_order_stands_and_then_it_is_paid(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=10)
    shop.gateway("STRIPE")
    order = buyer.place(buyer.quote(wish((cup, 3))), CARD)
    assert (order.status, order.payment_status) == ("PAID", "PAID")
    assert buyer.charged(order) == 3000 and (shop.on_hand(cup), shop.reserved(cup)) == (7, 0)
    # Told in one go: ids of one moment are in no order.
    assert set(buyer.events(order)[:2]) == {"stock.reserved", "order.placed"} and "order.paid" in buyer.events(order)
    assert buyer.offenders() == []


@pytest.mark.parametrize(("weight", "grams"), [(-1.5, 0), (None, 0), (0.25, 250), (1e12, 1_000_000_000)])
def test_what_weighs_less_than_nothing_weighs_nothing(
    shop: Shop, buyer: Buyer, weight: float | None, grams: int
) -> None:
    """Nobody has ever checked the weights of legacy rows, and shipping's bands begin at 0."""
    cup = shop.product(1000, weight_kg=weight)
    shop.shipping(500)
    quote = buyer.quote(wish((cup, 2)))
    assert (quote.trace["inputs"]["lines"][0]["weight_grams"], quote.shipping_amount) == (grams, 500)


def test_lines_are_frozen_with_names_sku_price_tax_and_bundle(shop: Shop, buyer: Buyer) -> None:
    cup, pot = shop.product(1000, sku="CUP", name="Cup"), shop.product(2500, sku="POT", name="Pot")
    shop.tax("GB", "0.19")
    tea = bundle(shop, (cup, 2), (pot, 1), percent="10")
    order = buyer.place(wish((cup, 1), bundles=[(tea, 2)]))
    shop.execute("UPDATE products SET name = 'New', price_amount = 1 WHERE store_id = :store")
    shop.execute("UPDATE product_bundle SET deleted_at = now() WHERE store_id = :store")
    lines = buyer.lines(order)
    assert [(line.sku, line.product_name, line.quantity, line.unit_price_amount, line.bundle_id) for line in lines] == [
        ("CUP", "Cup", 1, 1000, None), ("CUP", "Cup", 4, 1000, tea), ("POT", "Pot", 2, 2500, tea)]
    assert [line.line_discount_amount for line in lines] == [0, 400, 500]
    assert all(float(line.tax_rate or 0) == 0.19 for line in lines)
    assert shop.on_hand(cup) == 95 and shop.on_hand(pot) == 98
    assert buyer.offenders() == []


def test_the_same_sku_on_two_lines_and_in_a_bundle_is_summed_before_stock_is_looked_at(
    shop: Shop, buyer: Buyer
) -> None:
    cup = shop.product(1000, stock=4)
    tea = bundle(shop, (cup, 2))
    with pytest.raises(OutOfStock) as refusal:
        buyer.place(wish((cup, 2), (cup, 1), bundles=[(tea, 1)]))
    assert refusal.value.facts["variants"] == [{"variant_id": str(cup.variant_id), "wanted": 5, "available": 4}]
    assert shop.on_hand(cup) == 4 and count_rows(shop, "orders") == 0
    assert buyer.place(wish((cup, 1), (cup, 1), bundles=[(tea, 1)])).status == "PROCESSING"
    assert shop.on_hand(cup) == 0


def test_a_changed_total_is_refused_with_the_difference_per_field(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    quote = buyer.quote(wish((cup, 2)))
    shop.execute("UPDATE products SET price_amount = 1500 WHERE store_id = :store")
    with pytest.raises(QuoteChanged) as refusal:
        buyer.place(quote)
    assert refusal.value.facts["difference"] == {
        "subtotal": {"quoted": 2000, "now": 3000}, "total": {"quoted": 2000, "now": 3000}}
    with pytest.raises(QuoteChanged):
        buyer.place(wish((cup, 1)), expected_total=1000)
    assert buyer.place(wish((cup, 1)), expected_total=1500).order_total_amount == 1500


def test_an_expired_quote_is_refused_clearly(shop: Shop, buyer: Buyer) -> None:
    quote = buyer.quote(wish((shop.product(), 1)))
    assert quote.expires_at - quote.priced_at == timedelta(minutes=15)
    buyer.clock = FixedClock(quote.expires_at)
    with pytest.raises(QuoteExpired, match="ask for a new one"):
        buyer.place(quote)
    assert count_rows(shop, "orders") == 0


def test_a_quote_keeps_a_trace_that_makes_its_total_again(shop: Shop, buyer: Buyer) -> None:
    cup, pot = shop.product(1000), shop.product(333)
    shop.tax("GB", "0.19")
    shop.shipping(599)
    shop.settings(prices_include_tax=True)
    quote = buyer.quote(wish((cup, 2), (pot, 7), bundles=[(bundle(shop, (cup, 1), (pot, 1), amount=1200), 1)]))
    totals = replay(quote.trace)
    assert vars(totals) == {name: getattr(quote, f"{name}_amount") for name in vars(totals)}
    assert totals.total == 2000 + 7 * 333 + 1200 + 599


@pytest.mark.race
def test_fifty_completes_at_once_make_one_order(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=100)
    shop.gateway("STRIPE")
    quote = buyer.quote(wish((cup, 1)))
    results = together(PARALLEL, lambda _: buyer.place(quote, CARD))
    assert {type(each).__name__ for each in results} == {"Order"}
    assert len({each.id for each in results}) == 1 and count_rows(shop, "orders") == 1
    assert shop.on_hand(cup) == 99 and buyer.charged(results[0]) == 1000
    assert buyer.offenders() == []


def test_the_same_operation_twice_is_one_order(shop: Shop, buyer: Buyer) -> None:
    wanted, operation = wish((shop.product(), 1)), new_id()
    first = buyer.place(wanted, operation_id=operation)
    assert buyer.place(wanted, operation_id=operation).id == first.id == operation
    assert count_rows(shop, "orders") == 1


@pytest.mark.race
def test_order_numbers_are_unique_under_parallel_checkouts(shop: Shop, buyer: Buyer) -> None:
    goods = [shop.product(1000, stock=1000) for _ in range(3)]
    orders = together(PARALLEL, lambda n: buyer.place(wish((goods[n % 3], 1), (goods[(n + 1) % 3], 1))))
    assert sorted(order.order_number for order in orders) == [f"ORD-{n:05}" for n in range(1, PARALLEL + 1)]
    assert buyer.offenders() == []


def test_a_cart_is_ordered_once_also_by_two_quotes(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    with shop.database.session_for(shop.store_id) as session:
        cart = create_cart(session, store_id=shop.store_id, currency="USD", clock=SystemClock(),
                           items=[NewItem(cup.variant_id, None, 2)])
        quotes = [quote_cart(session, store_id=shop.store_id, cart_id=cart.id, at=buyer.clock.now()) for _ in "ab"]
    order = buyer.place(quotes[0])
    assert order.order_total_amount == 2000
    with pytest.raises(CartClosed):
        buyer.place(quotes[1])
    assert buyer.place(quotes[0]).id == order.id


def test_a_free_order_is_paid_at_once(shop: Shop, buyer: Buyer) -> None:
    order = buyer.place(wish((shop.product(0), 1)), PaymentChoice("CASH_ON_DELIVERY"))
    assert (order.status, order.payment_status) == ("PAID", "PAID")
    assert count_rows(shop, "payment_attempt") == 0 and buyer.offenders() == []


def refusal(buyer: Buyer, wanted: Any, **more: Any) -> tuple[str, str | None]:
    """Name and field of what an order is refused with."""
    with pytest.raises((NotForSale, PriceMissing, ShippingMethodUnknown, PaymentMethodUnknown)) as found:
        buyer.place(wanted, **more)
    return type(found.value).__name__, found.value.field


def test_what_can_not_be_bought_is_named(shop: Shop, buyer: Buyer) -> None:
    cup, yen, draft = shop.product(), shop.product(currency="JPY"), shop.product()
    shop.shipping(500)
    shop.execute("UPDATE products SET status = 'DRAFT' WHERE id = :id", id=draft.product_id)
    assert refusal(buyer, wish((cup, 1), (draft, 1))) == ("NotForSale", "items.1.variant_id")
    assert refusal(buyer, wish((cup, 1), bundles=[(new_id(), 1)])) == ("NotForSale", "items.1.bundle_id")
    assert refusal(buyer, wish((cup, 1), (cup, 2), (yen, 1))) == ("PriceMissing", "items.2.variant_id")
    assert refusal(buyer, wish((cup, 1), shipping_method="Drone")) == ("ShippingMethodUnknown", "shipping_method")
    assert refusal(buyer, wish((cup, 1)), payment=CARD) == ("PaymentMethodUnknown", "payment.method")
    unknown = replace(CARD, provider_config_id=new_id())
    assert refusal(buyer, wish((cup, 1)), payment=unknown) == ("PaymentMethodUnknown", "payment.provider_config_id")
    assert refusal(buyer, wish((cup, 1)), payment=PaymentChoice("GOLD")) == ("PaymentMethodUnknown", "payment.method")
    assert count_rows(shop, "orders") == 0 and shop.on_hand(cup) == 100


def statements_of_placing(buyer: Buyer, lines: int) -> int:
    """How many statements it takes to place a COD order of so many lines."""
    goods = [buyer.shop.product(1000) for _ in range(lines)]
    wanted = wish(*((each, 1) for each in goods))
    buyer.place(wish((goods[0], 1)))
    with statements(buyer.shop.database) as sent, bind_trace(new_trace()):
        buyer.place(wanted)
    return len(sent)


def test_placing_takes_as_many_statements_for_fifty_lines_as_for_one(shop: Shop, buyer: Buyer) -> None:
    shop.shipping(500)
    few, many = statements_of_placing(buyer, 1), statements_of_placing(buyer, 50)
    assert few == many <= 22


@pytest.mark.parametrize("payment", [COD, CARD])
def test_placing_is_audited_in_the_orders_own_transaction(shop: Shop, buyer: Buyer, payment: PaymentChoice) -> None:
    """An entry for each order, none for one that was refused; it says what it did, and in which request."""
    shop.gateway("STRIPE")
    cup, trace = shop.product(1000, stock=3), new_trace()
    with bind_trace(trace):
        order = buyer.place(wish((cup, 3)), payment)
    with pytest.raises(OutOfStock):
        buyer.place(wish((cup, 1)), payment)
    with shop.database.session_for(shop.store_id) as session:
        (entry,) = session.scalars(select(AuditLog).where(AuditLog.store_id == shop.store_id,
                                                          AuditLog.action == "order.placed"))
        placed = session.get_one(Order, order.id)
        assert (entry.actor_type, entry.severity, entry.entity_type, entry.entity_id) == (
            "SYSTEM", "info", "order", str(order.id))
        assert (entry.correlation_id, entry.request_id, entry.created_at) == (
            trace.correlation_id, trace.request_id, placed.placed_at)
        assert entry.changes is not None and json.loads(entry.changes)["status"]["old"] is None


def test_the_order_knows_its_visitor_and_its_correlation(shop: Shop, buyer: Buyer) -> None:
    trace = new_trace()
    with bind_trace(trace):
        order = buyer.place(wish((shop.product(), 1), visitor_id="v-1"))
    assert order.correlation_id == trace.correlation_id
    linked = shop.execute("SELECT linked_subject_id FROM subject WHERE store_id = :store AND visitor_id = 'v-1'")
    assert linked is not None and linked == order.subject_id
    with shop.database.session_for(shop.store_id) as session:
        rows = session.scalars(text("SELECT correlation_id FROM domain_event WHERE store_id = :store AND name = :name"),
                               {"store": shop.store_id, "name": "order.placed"}).all()
    assert rows == [trace.correlation_id]
