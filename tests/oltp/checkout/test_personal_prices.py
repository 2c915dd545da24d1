"""Prices of a person at checkout: segments, currencies, codes; and what a quote says of each."""

from decimal import Decimal

from oltp.checkout.traces import read_trace
from tests.oltp.checkout.buying import Buyer, wish
from tests.selling import Shop


def test_a_member_of_a_segment_pays_his_price_and_the_trace_names_it(shop: Shop, buyer: Buyer) -> None:
    cup, member = shop.product(1000), shop.customer()
    price = shop.price(cup, 700, segment_id=shop.segment(member))
    shop.price(cup, 600, segment_id=shop.segment(), min_quantity=1)
    assert buyer.quote(wish((cup, 2))).total_amount == 2000
    quote = buyer.quote(wish((cup, 2), customer_id=member))
    assert quote.total_amount == 1400
    assert read_trace(quote.trace).inputs.lines[0].price.price_id == price
    assert buyer.place(quote).customer_id == member and buyer.offenders() == []


def test_a_tier_is_reached_by_all_pieces_in_the_cart(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    shop.price(cup, 900, min_quantity=5)
    assert buyer.quote(wish((cup, 2), (cup, 2))).total_amount == 4000
    assert buyer.quote(wish((cup, 2), (cup, 3))).total_amount == 4500


def test_an_order_in_another_currency_keeps_its_currency(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000)
    shop.price(cup, 1500, currency="JPY")
    shop.shipping(500)
    shop.shipping(300, currency="JPY")
    order = buyer.place(wish((cup, 2), currency="JPY"))
    assert (order.currency, order.order_total_amount) == ("JPY", 3300)
    assert {line.currency for line in buyer.lines(order)} == {"JPY"} and buyer.offenders() == []


def test_a_refused_code_is_told_and_does_not_stop_the_order(shop: Shop, buyer: Buyer) -> None:
    quote = buyer.quote(wish((shop.product(1000), 1), codes=("NOPE",)))
    assert dict(read_trace(quote.trace).priced.refused_codes) == {"NOPE": "not_valid"}
    assert buyer.place(quote).order_total_amount == 1000


def test_a_code_lowers_the_order_and_is_kept_with_it(shop: Shop, buyer: Buyer) -> None:
    shop.execute("""
        INSERT INTO discount_code (store_id, code, type, percent) VALUES (:store, 'TEN', 'PERCENTAGE', 10)""")
    shop.settings(prices_include_tax=True)
    shop.tax("GB", "0.2")
    order = buyer.place(wish((shop.product(1200), 1), codes=("ten",)))
    (line,) = buyer.lines(order)
    assert (order.discount_code, order.order_total_amount, line.tax_rate) == ("TEN", 1080, Decimal("0.200000"))
    assert (line.line_subtotal_amount, line.line_discount_amount, line.line_tax_amount) == (1000, 100, 180)
    kept = shop.execute("SELECT gross_amount || ' ' || amount FROM applied_promotion WHERE store_id = :store")
    assert kept == "120 100" and buyer.offenders() == []
