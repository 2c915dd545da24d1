"""Reviews over HTTP: one per customer and product, moderated, rated to one decimal place."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from oltp.invariants import check_invariant
from oltp.kit.errors import Refusal
from oltp.reviews.actions import NewReview, create_review
from tests.search_api.conftest import Counter
from tests.selling import Goods, open_shop
from tests.statements import statements

SCOPES = ("review.write", "review.moderate", "product.read")


class Desk:
    """A shop with one product, and somebody who calls the API for it."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)
        self.goods: Goods = self.shop.product()
        self.etag = ""

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body; keep the ETag."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag", "")
        return answer.json() if answer.content else None

    def body(self, rating: int = 5, customer: UUID | None = None) -> dict[str, Any]:
        """A review of the product by a new customer, unless told."""
        return {"product_id": str(self.goods.product_id), "customer_id": str(customer or self.shop.customer()),
                "rating": rating, "comment": "Good."}

    def approved(self, rating: int) -> Any:
        """Write a review and approve it."""
        made = self("POST", "reviews", 201, self.body(rating))
        return self("POST", f"reviews/{made['id']}/approve", 200)


@pytest.fixture
def desk(counter: Counter) -> Iterator[Desk]:
    """A shop of the test's own, with a token."""
    return Desk(counter)


def test_a_review_is_hidden_until_it_is_approved(desk: Desk) -> None:
    made = desk("POST", "reviews", 201, desk.body())
    path, shown = f"reviews/{made['id']}", f"products/{desk.goods.product_id}/reviews"
    assert (made["is_approved"], made["approved_at"], made["is_verified_purchase"]) == (False, None, False)
    assert desk("GET", shown, 200)["items"] == []
    approved = desk("POST", f"{path}/approve", 200)
    assert approved["approved_at"] is not None and desk("GET", shown, 200)["items"] == [approved]
    assert desk("POST", f"{path}/reject", 200)["approved_at"] is None
    assert desk("GET", shown, 200)["items"] == []
    desk("POST", f"{path}/approve", 200)
    assert desk("PATCH", path, 200, {"rating": 2})["is_approved"] is False
    desk("DELETE", path, 204)
    desk("GET", path, 404)


def test_one_live_review_per_customer_and_product(desk: Desk) -> None:
    body = desk.body()
    made = desk("POST", "reviews", 201, body)
    assert desk("POST", "reviews", 409, body)["code"] == "already_reviewed"
    desk("DELETE", f"reviews/{made['id']}", 204)
    desk("POST", "reviews", 201, body)


@pytest.mark.race
def test_of_many_reviews_written_at_once_one_is_kept(desk: Desk) -> None:
    customer, writers = desk.shop.customer(), 8
    barrier = Barrier(writers)

    def write(_: int) -> bool:
        barrier.wait()
        try:
            with desk.counter.database.session_for(desk.shop.store_id) as session:
                create_review(session, store_id=desk.shop.store_id, clock=desk.counter.clock,
                              wanted=NewReview(desk.goods.product_id, customer, 4, "Fine."))
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(writers) as pool:
        assert sum(pool.map(write, range(writers))) == 1
    assert desk.shop.execute("SELECT count(*) FROM reviews WHERE store_id = :store") == 1


def test_ratings_are_the_mean_of_approved_live_reviews_to_one_place(desk: Desk) -> None:
    path = f"products/{desk.goods.product_id}/rating"
    assert desk("GET", path, 200) == {
        "review_count": 0, "average": None, "counts": {str(star): 0 for star in range(1, 6)}}
    for rating in (5, 4, 4):
        desk.approved(rating)
    desk("POST", "reviews", 201, desk.body(1))
    gone = desk.approved(1)
    desk("DELETE", f"reviews/{gone['id']}", 204)
    found = desk("GET", path, 200)
    assert (found["review_count"], found["average"]) == (3, "4.3")
    assert found["counts"] == {"1": 0, "2": 0, "3": 0, "4": 2, "5": 1}


@pytest.mark.parametrize(("change", "field"), [
    ({"rating": 0}, "rating"), ({"rating": 6}, "rating"), ({"comment": ""}, "comment"),
    ({"product_id": str(uuid4())}, "product_id"), ({"customer_id": str(uuid4())}, "customer_id")])
def test_what_a_review_may_not_be(desk: Desk, change: dict[str, Any], field: str) -> None:
    assert desk("POST", "reviews", 422, {**desk.body(), **change})["errors"][0]["field"] == f"body.{field}"


@pytest.mark.parametrize(("status", "is_verified"), [("DELIVERED", True), ("PENDING", False), ("CANCELED", False)])
def test_a_purchase_is_verified_by_orders(desk: Desk, status: str, is_verified: bool) -> None:
    customer = desk.shop.customer()
    order = desk.shop.execute("""
        INSERT INTO orders (store_id, customer_id, order_number, status, currency, order_subtotal_amount,
          order_total_amount, order_tax_amount, order_shipping_amount, order_discount_amount)
        VALUES (:store, :customer, 'R-1', CAST(:status AS order_status), 'USD', 1000, 1000, 0, 0, 0) RETURNING id""",
        customer=customer, status=status)
    desk.shop.execute("""
        INSERT INTO order_items (store_id, order_id, product_id, variant_id, product_name, sku, quantity, currency,
          unit_price_amount, line_subtotal_amount, line_total_amount)
        VALUES (:store, :order, :product, :variant, 'P', 'S', 1, 'USD', 1000, 1000, 1000)""",
        order=order, product=desk.goods.product_id, variant=desk.goods.variant_id)
    assert desk("POST", "reviews", 201, desk.body(customer=customer))["is_verified_purchase"] is is_verified


def test_of_two_who_edit_a_review_the_second_hears_of_it(desk: Desk) -> None:
    path = f"reviews/{desk('POST', 'reviews', 201, desk.body())['id']}"
    read = desk.etag
    desk("PATCH", path, 200, {"title": "Bright"}, **{"If-Match": read})
    assert desk("PATCH", path, 412, {"title": "Dim"}, **{"If-Match": read})["code"] == "stale"


def test_pages_of_reviews_in_a_constant_number_of_statements(desk: Desk) -> None:
    for _ in range(5):
        desk.approved(3)
    path, counts, found, cursor = f"products/{desk.goods.product_id}/reviews", [], [], ""
    for limit in (1, 50):
        with statements(desk.counter.database) as seen:
            desk("GET", f"{path}?limit={limit}", 200)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    while True:
        page = desk("GET", f"{path}?limit=2{cursor}", 200)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found)) == 5
    assert len(desk("GET", "reviews?is_approved=true", 200)["items"]) == 5


@pytest.mark.parametrize(("corruption", "name"), [
    ("UPDATE reviews SET rating = 9 WHERE store_id = %(store)s", "reviews.a_rating_is_from_1_to_5"),
    ("""INSERT INTO reviews (store_id, product_id, customer_id, rating, comment)
        SELECT store_id, product_id, customer_id, rating, comment FROM reviews WHERE store_id = %(store)s""",
     "reviews.one_live_review_per_customer_and_product")])
def test_a_corrupted_review_is_found(desk: Desk, corruption: str, name: str) -> None:
    desk("POST", "reviews", 201, desk.body())
    with desk.counter.database.worker_session() as session:
        assert check_invariant(session, name=name, store_id=desk.shop.store_id).holds
    with psycopg.connect(desk.counter.database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(corruption, {"store": desk.shop.store_id})
    with desk.counter.database.worker_session() as session:
        assert check_invariant(session, name=name, store_id=desk.shop.store_id).offender_count == 1
