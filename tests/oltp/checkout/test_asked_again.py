"""An order that is asked for again is the order of before, whatever has changed since; another one it is not."""

from collections.abc import Callable

import pytest

from oltp.checkout.errors import ExpectedInOtherCurrency, QuoteChanged
from oltp.kit.ids import new_id
from tests.oltp.checkout.buying import CARD, Buyer, count_rows, wish
from tests.selling import Goods, Shop


def dearer(shop: Shop, goods: Goods) -> None:
    shop.price(goods, 1100)


def withdrawn(shop: Shop, goods: Goods) -> None:
    shop.execute("UPDATE products SET status = 'DRAFT' WHERE store_id = :store AND id = :id", id=goods.product_id)


def without_account(shop: Shop, goods: Goods) -> None:
    shop.execute("UPDATE payment_provider_config SET is_active = false WHERE store_id = :store")


@pytest.mark.parametrize("change", [dearer, withdrawn, without_account])
def test_the_order_of_before_is_found_whatever_has_changed(
    shop: Shop, buyer: Buyer, change: Callable[[Shop, Goods], None]
) -> None:
    shop.gateway("STRIPE")
    cup, operation = shop.product(1000, stock=5), new_id()
    first = buyer.place(wish((cup, 2)), CARD, operation_id=operation, expected_total=2000)
    change(shop, cup)
    again = buyer.place(wish((cup, 2)), CARD, operation_id=operation, expected_total=2000)
    assert (again.id, again.status) == (first.id, "PAID") and count_rows(shop, "orders") == 1
    assert buyer.charged(first) == 2000


def test_what_was_never_placed_is_refused(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(1000, stock=5)
    with pytest.raises(QuoteChanged):
        buyer.place(wish((cup, 2)), operation_id=new_id(), expected_total=1999)
    assert count_rows(shop, "orders") == 0


def test_a_total_that_was_expected_in_another_currency_is_another_total(shop: Shop, buyer: Buyer) -> None:
    quote = buyer.quote(wish((shop.product(1000, stock=5), 1)))
    with pytest.raises(ExpectedInOtherCurrency, match="USD"):
        buyer.place(quote, expected_total=1000, expected_currency="JPY")
    assert count_rows(shop, "orders") == 0
    assert buyer.place(quote, expected_total=1000, expected_currency="USD").order_total_amount == 1000
