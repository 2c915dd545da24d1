"""Currencies at the API's edge: what ISO 4217 does not know is refused by its name, what a row has is still read."""

import pytest
from pydantic import TypeAdapter, ValidationError

from oltp.kit.money import exponent
from search_api.schemas import CurrencyCode
from tests.search_api.checkouts import Front, items, open_front
from tests.search_api.conftest import Counter
from tests.selling import open_shop

CODE = TypeAdapter(CurrencyCode)


@pytest.fixture
def front(counter: Counter) -> Front:
    """A storefront of the test's own."""
    return open_front(counter)


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "KWD", "BDT", "CLF", "DEM"])
def test_iso_4217_of_today_and_of_before_is_taken(code: str) -> None:
    assert CODE.validate_python(code) == code
    assert exponent(code) in (0, 2, 3, 4)


@pytest.mark.parametrize("code", ["USX", "BTC", "ZZZ", "usd", "US", "USDT", ""])
def test_what_iso_4217_does_not_know_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        CODE.validate_python(code)


def test_a_refusal_names_the_field_and_the_code(front: Front) -> None:
    cup = front.shop.product(1000)
    answer = front.ask("POST", "/v1/quotes", {"currency": "USX", "items": items((cup, 1))})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"].endswith("currency") and "USX is no currency of ISO 4217" in error["message"]
    answer = front.ask("POST", "/v1/orders", {
        "currency": "USD", "items": items((cup, 1)), "payment": {"method": "CASH_ON_DELIVERY"},
        "expected_total": {"amount": 1000, "currency": "USX"}})
    assert [each["field"].endswith("expected_total.currency") for each in answer.json()["errors"]] == [True]


def test_a_currency_that_nobody_knows_is_still_read(counter: Counter) -> None:
    """A row of legacy may have any three letters; its amounts stay in answers."""
    shop = open_shop(counter.database, currency="XYZ")
    shop.product(1000)
    answer = counter.client.get("/v1/products", headers=counter.headers(shop.store_id, "product.read"))
    assert answer.status_code == 200 and '"currency":"XYZ"' in answer.text
    headers = counter.headers(shop.store_id, "promo.manage")
    answer = counter.client.post("/v1/promotion-rules/what-if", headers=headers, json={"rule": {
        "name": "A", "conditions": {"type": "all", "conditions": []},
        "actions": [{"type": "percent", "percent": 10}]}})
    assert answer.status_code == 200 and answer.json()["net_sales_delta"] == {"amount": 0, "currency": "XYZ"}
