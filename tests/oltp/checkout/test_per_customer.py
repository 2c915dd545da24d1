"""Promotions that each customer has so often only: he is known by account or e-mail; whom nobody knows has none."""

import pytest

from tests.oltp.checkout.buying import Buyer, wish
from tests.selling import Shop

FULL, REDUCED = 1000, 900


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """The shop, with 10 % off once for each customer."""
    shop.execute("""
        INSERT INTO promotion_rule (store_id, name, status, conditions, actions, per_customer_limit)
        VALUES (:store, 'Once', 'active', '{"type": "all"}', '[{"type": "percent", "percent": "10"}]', 1)""")
    return shop


def test_a_guest_has_it_once_however_his_address_is_written(shop: Shop, buyer: Buyer) -> None:
    cup = shop.product(FULL)

    def total(in_address: str | None, email: str | None = None) -> int:
        address = {"country": "GB", **({"email": in_address} if in_address else {})}
        return buyer.place(wish((cup, 1), email=email, shipping_address=address)).order_total_amount

    assert total("Bob@Example.test") == REDUCED
    assert total(" bob@example.TEST ") == total("other@example.test", "BOB@example.test") == FULL
    assert total(None, "bob@example.test") == FULL and total("eve@example.test") == REDUCED


@pytest.mark.parametrize("is_guest_first", [True, False])
@pytest.mark.parametrize("conditions", ['{"type": "all"}', '{"type": "first_order"}'])
def test_an_account_and_the_guest_of_its_e_mail_are_one_customer(
    shop: Shop, buyer: Buyer, is_guest_first: bool, conditions: str
) -> None:
    shop.execute("UPDATE promotion_rule SET conditions = CAST(:conditions AS jsonb) WHERE store_id = :store",
                 conditions=conditions)
    cup, account = shop.product(FULL), shop.customer("bob@example.test")
    people = [{"email": "BOB@example.test"}, {"customer_id": account}]
    first, second = people if is_guest_first else reversed(people)
    totals = [buyer.place(wish((cup, 1), shipping_address={"country": "GB"}, **who)).order_total_amount
              for who in (first, second)]
    assert totals == [REDUCED, FULL] and buyer.offenders() == []


@pytest.mark.parametrize("address", [None, {"country": "GB"}, {"country": "GB", "phone": "+44 1"}])
def test_whom_nobody_knows_pays_the_full_price_and_can_buy(
    shop: Shop, buyer: Buyer, address: dict[str, str] | None
) -> None:
    cup = shop.product(FULL)
    for _ in range(2):
        assert buyer.place(wish((cup, 1), shipping_address=address)).order_total_amount == FULL
    assert buyer.offenders() == []


def test_a_code_tells_that_it_needs_a_customer(shop: Shop, buyer: Buyer) -> None:
    shop.execute("""
        INSERT INTO discount_code (store_id, code, type, percent, per_customer_limit)
        VALUES (:store, 'OWN', 'PERCENTAGE', 5, 1)""")
    quote = buyer.quote(wish((shop.product(FULL), 1), codes=("OWN",), shipping_address=None))
    assert quote.total_amount == FULL and quote.trace["priced"]["refused_codes"] == {"OWN": "conditions_not_met"}
