"""Pricing over HTTP: prices, what a product costs somebody, currency rates, taxes, how the store sells."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.search_api.conftest import Counter
from tests.selling import Goods, Shop, open_shop
from tests.statements import statements

SCOPES = ("product.read", "price.manage", "settings.manage")


class Desk:
    """A shop, and somebody who calls the API for it."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(
            method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag")
        return answer.json() if answer.content else None

    def field(self, method: str, path: str, json: Any, status: int = 422) -> str:
        """Return the field that a refusal names."""
        name: str = self(method, path, status, json)["errors"][0]["field"]
        return name

    def pages(self, path: str) -> list[Any]:
        """Return all items of a listing, page by page."""
        items, cursor = [], ""
        while cursor is not None:
            page = self("GET", f"{path}&cursor={cursor}" if cursor else path, 200)
            items += page["items"]
            cursor = page["next"]
        return items


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter)


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def unit_of(desk: Desk, goods: Goods, **query: Any) -> Any:
    given = "&".join(f"{name}={value}" for name, value in query.items())
    (item,) = desk("GET", f"products/{goods.product_id}/prices?{given}", 200)["items"]
    assert item["variant_id"] == str(goods.variant_id)
    return item["unit"]


def test_a_price_is_set_read_and_ended(desk: Desk) -> None:
    goods = desk.shop.product(1000)
    made = desk("POST", "prices", 201, {
        "variant_id": str(goods.variant_id), "price": usd(900), "compare_at_amount": 1000})
    assert (made["price"], made["compare_at"], made["min_quantity"]) == (usd(900), usd(1000), 1)
    assert desk("GET", f"prices/{made['id']}", 200) == made
    unit = unit_of(desk, goods)
    assert (unit["price"], unit["source"], unit["price_id"]) == (usd(900), "price", made["id"])
    desk("DELETE", f"prices/{made['id']}", 204)
    assert unit_of(desk, goods)["price"] == usd(1000)
    assert desk("DELETE", f"prices/{made['id']}", 409)["code"] == "price_ended"
    assert desk("DELETE", f"prices/{uuid4()}", 404)["code"] == "price_unknown"
    assert desk.shop.execute("""
        SELECT count(*) FROM domain_event WHERE store_id = :store AND name = 'price.changed'""") == 2


def test_a_planned_price_is_taken_back(desk: Desk) -> None:
    goods = desk.shop.product(1000)
    start = desk.shop.later(60)
    made = desk("POST", "prices", 201, {
        "product_id": str(goods.product_id), "price": usd(500), "min_quantity": 2, "effective_at": start.isoformat(),
        "expires_at": (start + timedelta(days=1)).isoformat()})
    query = {"quantity": 2, "at": (start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert unit_of(desk, goods, **query)["price"] == usd(500)
    desk("DELETE", f"prices/{made['id']}", 204)
    assert desk("GET", f"prices/{made['id']}", 404)["code"] == "price_unknown"
    assert unit_of(desk, goods, **query)["price"] == usd(1000)


def test_prices_are_listed_by_what_they_are_for(desk: Desk) -> None:
    goods, other = desk.shop.product(1000), desk.shop.product(1000)
    rows = [str(desk.shop.price(goods, 900 - n, min_quantity=n)) for n in (2, 3, 4)]
    euro = str(desk.shop.price(goods, 700, currency="EUR"))
    assert [item["id"] for item in desk.pages(f"prices?variant_id={goods.variant_id}&limit=2")] == [*rows, euro]
    assert [item["id"] for item in desk.pages(f"prices?variant_id={goods.variant_id}&currency=EUR")] == [euro]
    of_product = {item["id"] for item in desk.pages(f"prices?product_id={goods.product_id}&limit=1")}
    assert of_product > {*rows, euro} and len(of_product) == 5
    assert len(desk.pages(f"prices?product_id={other.product_id}")) == 1
    assert desk("GET", "prices?cursor=xx", 400)["code"] == "invalid_cursor"


def test_refusals_name_the_field(desk: Desk) -> None:
    goods = desk.shop.product(1000)
    one = {"variant_id": str(goods.variant_id), "price": usd(900)}
    for wrong, field in (
            ({**one, "product_id": str(goods.product_id)}, "product_id"), ({**one, "compare_at_amount": 1},
            "compare_at_amount"), ({**one, "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({**one, "price": usd(-1)}, "price.amount"), ({**one, "more": 1}, "more"),
            ({**one, "min_quantity": 2**31}, "min_quantity"), ({**one, "expires_at": "2027-01-01T00:00:00"},
            "expires_at")):
        assert desk.field("POST", "prices", wrong).endswith(field)
    assert desk.field("POST", "prices", {**one, "segment_id": str(uuid4())}, 404) == "body.segment_id"
    assert desk.field("POST", "prices", {**one, "variant_id": str(uuid4())}, 404) == "body.variant_id"


def test_what_a_product_costs_somebody(desk: Desk) -> None:
    shop, goods = desk.shop, desk.shop.product(1000)
    customer = shop.customer()
    segment = shop.segment(customer)
    shop.price(goods, 800, segment_id=segment)
    shop.price(goods, 700, min_quantity=10, compare_at_amount=1000)
    assert unit_of(desk, goods)["price"] == usd(1000)
    mine = unit_of(desk, goods, customer_id=customer)
    assert (mine["price"], mine["segment_id"]) == (usd(800), str(segment))
    many = unit_of(desk, goods, quantity=10)
    assert (many["price"], many["compare_at"], many["min_quantity"]) == (usd(700), usd(1000), 10)
    assert unit_of(desk, goods, currency="EUR") is None
    assert desk("GET", f"products/{uuid4()}/prices", 404)["code"] == "priced_product_unknown"
    assert desk("GET", f"products/{goods.product_id}/prices?currency=eur", 422)


def test_a_converted_price_tells_its_rate(desk: Desk) -> None:
    with desk.counter.database.worker_session() as session:
        session.execute(text("""
            INSERT INTO currency_rate (source, base, quote, rated_on, rate)
            VALUES ('desk', 'EUR', 'USD', '2026-11-20', 1.25) ON CONFLICT DO NOTHING"""))
    desk("PATCH", "selling-settings", 200, {"converts_currencies": True, "rate_source": "desk"})
    unit = unit_of(desk, desk.shop.product(1000), currency="EUR")
    assert (unit["price"], unit["source"]) == ({"amount": 800, "currency": "EUR"}, "converted")
    assert unit["conversion"] == {
        "source": "desk", "base": "USD", "quote": "EUR", "rated_on": "2026-11-20", "rate": "0.8", "via": "EUR",
        "base_price": usd(1000)}


def test_the_lowest_price_of_30_days_stands_beside(desk: Desk) -> None:
    goods = desk.shop.product(1000)
    for amount, since, until in ((900, 20, 10), (1100, 10, 1), (800, 1, None)):
        desk.shop.price(goods, amount, effective_at=desk.shop.later(-since * 1440),
                        expires_at=None if until is None else desk.shop.later(-until * 1440))
    (item,) = desk("GET", f"products/{goods.product_id}/prices", 200)["items"]
    assert item["unit"]["price"] == usd(800)
    assert item["lowest_30_days"] == usd(900)


def add_variants(shop: Shop, goods: Goods, count: int) -> None:
    shop.execute("""
        INSERT INTO product_variants (store_id, product_id, name, sku, options, currency)
        SELECT :store, :product, n, :sku || '-' || n, '{}', 'USD' FROM generate_series(1, :count) n""",
        product=goods.product_id, sku=goods.sku, count=count)


def test_listings_take_the_same_number_of_statements(desk: Desk) -> None:
    shop = desk.shop
    small, large = shop.product(1000), shop.product(1000)
    add_variants(shop, large, 49)
    for n in range(50):
        shop.price(large, 1000 + n, min_quantity=n + 1)
        shop.tax(f"{chr(65 + n // 26)}{chr(65 + n % 26)}", "0.1")
    for few, many, count in (
            (f"products/{small.product_id}/prices", f"products/{large.product_id}/prices?limit=50", 50),
            ("prices?limit=1", f"prices?limit=50&product_id={large.product_id}", 50),
            ("tax-rates?limit=1", "tax-rates?limit=50", 50)):
        taken = []
        for path, expected in ((few, 1), (many, count)):
            with statements(desk.counter.database) as seen:
                assert len(desk("GET", path, 200)["items"]) == expected
            taken.append(len(seen))
        assert taken[0] == taken[1]


def test_currency_rates_are_listed(desk: Desk) -> None:
    with desk.counter.database.worker_session() as session:
        session.execute(text("""
            INSERT INTO currency_rate (source, base, quote, rated_on, rate)
            SELECT 'list', 'EUR', quote, '2026-11-20'::date + n, 1.5
            FROM unnest(ARRAY['JPY', 'USD']) quote, generate_series(0, 2) n"""))
    items = desk.pages("currency-rates?source=list&limit=2")
    assert [(item["quote"], item["rated_on"][-2:]) for item in items] == [
        (quote, day) for quote in ("JPY", "USD") for day in ("20", "21", "22")]
    assert items[0]["rate"] == "1.5000000000"
    assert len(desk.pages("currency-rates?source=list&quote=USD&base=EUR&since=2026-11-21")) == 2


def test_tax_rates_are_made_changed_and_deleted(desk: Desk) -> None:
    made = desk("POST", "tax-rates", 201, {"name": "Sales tax", "country": "US", "region": "ca", "rate": "0.0725"})
    path, first = f"tax-rates/{made['id']}", desk.etag
    assert (made["region"], made["rate"], made["tax_class"], made["is_on_shipping"]) == (
        "CA", "0.0725", "standard", True)
    assert {**desk("GET", path, 200), "rate": made["rate"]} == made and desk.etag == first
    assert desk("PATCH", path, 200, {"rate": 0.08, "region": None}, **{"If-Match": first})["region"] is None
    assert desk("PATCH", path, 412, {"name": "Late"}, **{"If-Match": first})["code"] == "stale"
    assert desk.field("POST", "tax-rates", {"name": "US", "country": "US", "rate": 0}, 409) == "body.tax_class"
    for wrong, field in (({"rate": "1.1"}, "rate"), ({"rate": "0.0000001"}, "rate"), ({"country": "us"}, "country"),
                         ({"tax_class": "Books"}, "tax_class"), ({"region": "\x00"}, "region")):
        assert desk.field("PATCH", path, wrong).endswith(field)
    assert [item["id"] for item in desk.pages("tax-rates?country=US")] == [made["id"]]
    desk("DELETE", path, 204)
    assert desk("GET", path, 404)["code"] == "tax_rate_unknown"


def test_how_the_store_sells(desk: Desk) -> None:
    before = desk("GET", "selling-settings", 200)
    assert before == {
        "prices_include_tax": False, "promotion_mode": "stack", "converts_currencies": False, "rate_source": "ecb",
        "quote_minutes": 15, "reservation_minutes": 15, "unpaid_minutes": 60, "order_number_prefix": "ORD-"}
    assert desk("PATCH", "selling-settings", 200, {}) == before
    for change in ({"prices_include_tax": True}, {"quote_minutes": 30, "order_number_prefix": ""}):
        before |= change
        assert desk("PATCH", "selling-settings", 200, change) == before
    for wrong in ({"quote_minutes": 0}, {"promotion_mode": "all"}, {"order_number_prefix": "a b"}, {"rate_source": ""}):
        assert desk.field("PATCH", "selling-settings", wrong).endswith(next(iter(wrong)))
    assert desk.shop.execute("""
        SELECT count(*) FROM domain_event WHERE store_id = :store AND name = 'selling_settings.changed'""") == 2


def test_others_see_nothing_of_it(desk: Desk, counter: Counter) -> None:
    other = Desk(counter)
    price = desk("POST", "prices", 201, {"product_id": str(desk.shop.product().product_id), "price": usd(1)})["id"]
    rate = desk("POST", "tax-rates", 201, {"name": "VAT", "country": "DE", "rate": "0.19"})["id"]
    for path in (f"prices/{price}", f"tax-rates/{rate}"):
        other("GET", path, 404)
        other("DELETE", path, 404)
    assert UUID(price) and other.pages("prices") == other.pages("tax-rates") == []
