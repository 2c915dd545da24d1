"""Checkout over HTTP: quotes with their trace, orders of quotes and of items, refusals that name what is wrong."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from oltp.checkout.traces import replay
from tests.search_api.checkouts import ADDRESS, CARD, COD, DECLINED, Front, items, open_front, order
from tests.search_api.conftest import Counter


@pytest.fixture
def front(counter: Counter) -> Front:
    """A storefront of the test's own."""
    return open_front(counter)


def test_a_cart_is_quoted_and_ordered(front: Front) -> None:
    shop = front.shop
    cup, pot = shop.product(1000, name="Cup"), shop.product(2500)
    shop.shipping(500)
    shop.shipping(900, name="Express")
    shop.tax("GB", "0.2")
    cart = front.ask("POST", "/v1/carts", {
        "currency": "USD", "items": items((cup, 2), (pot, 1)), "shipping_address": ADDRESS, "visitor_id": "v-1"}).json()
    answer = front.ask("POST", "/v1/quotes", {"cart_id": cart["id"]})
    assert answer.status_code == 201
    quote = answer.json()
    assert (quote["subtotal"]["amount"], quote["shipping"]["amount"], quote["tax"]["amount"],
            quote["total"]["amount"]) == (4500, 500, 1000, 6000)
    assert quote["lines"][0]["product_name"] == "Cup"
    assert [option["name"] for option in quote["shipping_options"]] == ["Standard", "Express"]
    read = front.ask("GET", f"/v1/quotes/{quote['id']}").json()
    assert read["trace"] == quote["trace"] and replay(read["trace"]).total == 6000
    placed = front.ask("POST", "/v1/orders", {"quote_id": quote["id"], "payment": COD})
    assert placed.status_code == 201 and placed.headers["etag"]
    made = placed.json()
    assert (made["status"], made["payment_status"], made["total"]["amount"]) == ("PROCESSING", "PENDING", 6000)
    assert made["amounts"]["owed"]["amount"] == 6000 and len(made["items"]) == 2
    again = front.ask("POST", "/v1/orders", {"quote_id": quote["id"], "payment": CARD}).json()
    assert again["id"] == made["id"]
    assert front.ask("GET", f"/v1/carts/{cart['id']}").json()["status"] == "ordered"


def test_items_are_ordered_in_one_call(front: Front) -> None:
    cup = front.shop.product(1999)
    made = front.place((cup, 1), payment=CARD, expected_total={"amount": 1999, "currency": "USD"}, note="Ring twice")
    assert (made["status"], made["customer_note"], made["amounts"]["paid"]["amount"]) == ("PAID", "Ring twice", 1999)
    refused = front.ask("POST", "/v1/orders", order((cup, 1), expected_total={"amount": 1, "currency": "USD"}))
    assert refused.status_code == 409 and refused.json()["code"] == "quote_changed"
    assert refused.json()["errors"] == [{"field": "total", "message": "1 was quoted, it is 1999 now"}]


def test_a_changed_total_answers_409_with_the_difference_per_field(counter: Counter, front: Front) -> None:
    cup = front.shop.product(1000)
    body = {"currency": "USD", "items": items((cup, 2))}
    quote = front.ask("POST", "/v1/quotes", body).json()
    front.shop.execute("UPDATE products SET price_amount = 1200 WHERE store_id = :store")
    refused = front.ask("POST", "/v1/orders", {"quote_id": quote["id"], "payment": COD})
    assert refused.status_code == 409
    assert [each["field"] for each in refused.json()["errors"]] == ["subtotal", "total"]
    old = front.ask("POST", "/v1/quotes", body).json()
    counter.clock.advance(timedelta(minutes=15))
    expired = front.ask("POST", "/v1/orders", {"quote_id": old["id"], "payment": COD})
    assert (expired.status_code, expired.json()["code"]) == (409, "quote_expired")


def test_a_key_makes_one_order_however_often_it_is_sent(front: Front) -> None:
    cup = front.shop.product(1000, stock=10)
    body, key = order((cup, 1), payment=CARD), {"Idempotency-Key": str(uuid4())}
    first = front.ask("POST", "/v1/orders", body, **key)
    second = front.ask("POST", "/v1/orders", body, **key)
    assert first.json() == second.json() and second.headers["idempotent-replayed"] == "true"
    assert front.ask("POST", "/v1/orders", order((cup, 2)), **key).status_code == 422
    assert front.shop.on_hand(cup) == 9


def test_what_is_wrong_is_named(front: Front) -> None:
    cup, nothing = front.shop.product(1000, stock=1), str(uuid4())

    def refusal(body: object, path: str = "/v1/orders") -> tuple[int, str, str]:
        answer = front.ask("POST", path, body)
        problem = answer.json()
        return answer.status_code, problem["code"], (problem["errors"] or [{"field": ""}])[0]["field"]

    assert refusal(order((cup, 2))) == (409, "out_of_stock", "body.items.0.variant_id")
    assert refusal({**order((cup, 1)), "items": [{"variant_id": nothing}]}) == (
        422, "not_for_sale", "body.items.0.variant_id")
    assert refusal({**order((cup, 1)), "items": []}) == (422, "nothing_wanted", "body.items")
    assert refusal({"quote_id": nothing, "payment": COD}) == (404, "quote_not_found", "body.quote_id")
    assert refusal({"payment": COD})[:2] == (422, "invalid_request")
    assert refusal({"quote_id": nothing, "currency": "USD", "payment": COD})[0] == 422
    assert refusal(order((cup, 1), payment={"method": "GOLD"}))[2] == "body.payment.method"
    assert refusal(order((cup, 1), customer_id=nothing)) == (422, "customer_unknown", "body.customer_id")
    assert refusal({"cart_id": nothing}, "/v1/quotes") == (404, "cart_not_found", "body.cart_id")
    assert refusal({"cart_id": nothing, "currency": "USD", "items": []}, "/v1/quotes")[0] == 422
    assert refusal({"currency": "USD", "items": items((cup, 1)), "shipping_method": "Drone"}, "/v1/quotes") == (
        422, "shipping_method_unknown", "body.shipping_method")
    assert front.shop.on_hand(cup) == 1


def test_a_declined_card_is_an_order_that_waits_and_is_paid_again(front: Front) -> None:
    cup = front.shop.product(1000, stock=5)
    made = front.place((cup, 2), payment=DECLINED)
    assert (made["status"], made["payment_status"]) == ("PAYMENT_FAILED", "FAILED")
    paid = front.ask("POST", f"/v1/orders/{made['id']}/payments", CARD)
    assert paid.status_code == 200 and paid.json()["status"] == "PAID"
    twice = front.ask("POST", f"/v1/orders/{made['id']}/payments", CARD)
    assert (twice.status_code, twice.json()["code"]) == (409, "order_not_payable")
    assert front.shop.on_hand(cup) == 3


def test_a_quote_of_another_store_is_nothing(counter: Counter, front: Front) -> None:
    quote = front.ask("POST", "/v1/quotes", {"currency": "USD", "items": items((front.shop.product(), 1))}).json()
    other = open_front(counter)
    assert other.ask("GET", f"/v1/quotes/{quote['id']}").status_code == 404
    assert other.ask("POST", "/v1/orders", {"quote_id": quote["id"], "payment": COD}).status_code == 404


def test_a_month_that_is_full_takes_no_more_orders(counter: Counter, front: Front) -> None:
    cup = front.shop.product(1000, stock=5)
    with counter.database.owner_session() as session:
        session.execute(text("UPDATE stores SET order_limit = 1, subscription_plan = 'FREE' WHERE id = :id"),
                        {"id": front.shop.store_id})
    front.place((cup, 1))
    refused = front.ask("POST", "/v1/orders", order((cup, 1), payment=CARD))
    assert (refused.status_code, refused.json()["code"]) == (402, "plan_limit_reached")
    assert (front.shop.on_hand(cup), front.shop.reserved(cup)) == (4, 0)
