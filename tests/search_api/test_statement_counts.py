"""Every listing of the OpenAPI document takes as many statements for many rows as for few."""

from collections.abc import Iterator
from typing import Any

import pytest

from oltp.access.rules import SCOPES
from stormcom.reference.permissions import describe_api
from tests.furnished import Furnisher
from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements

DOCUMENT = describe_api()
FEW, MANY = 1, 4
# What a listing needs to be asked for.
QUERIES = {"/v1/search": {"q": "lamp"}, "/v1/metrics/attribution": {"model": "last"}}
# Not a list of rows: the answer is as long as the program is.
EXEMPT = {"/v1/invariants": "asks one statement for each invariant, whatever the store holds"}


def listings() -> Iterator[str]:
    """Paths whose GET answers a list."""
    for path, methods in DOCUMENT["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        while "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if {"items"} <= set(schema.get("properties", ())):
            yield path


class Furnished:
    """A shop with so many of everything."""

    def __init__(self, counter: Counter, count: int) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)
        self.ids = Furnisher(self.shop, self.call, count).furnish()
        # Rates belong to no store: what is short here is the page.
        self.limits = {"/v1/currency-rates": count}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that must be done."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=body, headers=self.headers)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def read(self, path: str) -> tuple[int, int]:
        """Statements and items of a page, of the first thing that the path may name."""
        known = {each["name"] for each in DOCUMENT["paths"][path]["get"].get("parameters", ())}
        for name, ids in self.ids.items():
            path = path.replace("{" + name + "}", ids[0])
        path = path.replace("{kind}", "bestsellers")
        page = {"limit": self.limits.get(path, 50)} if "limit" in known else {}
        query = {**page, **QUERIES.get(path, {})}
        if path == "/v1/inventory-adjustments":
            query["variant_id"] = self.ids["variant_id"][0]
        with statements(self.counter.database) as sent:
            answer = self.counter.client.get(path, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return len(sent), len(answer.json()["items"])


@pytest.fixture(scope="module")
def shops(counter: Counter) -> tuple[Furnished, Furnished]:
    """A shop with few rows and one with many."""
    return Furnished(counter, FEW), Furnished(counter, MANY)


@pytest.mark.parametrize("path", sorted(set(listings()) - set(EXEMPT)))
def test_a_listing_takes_as_many_statements_for_many_rows(shops: tuple[Furnished, Furnished], path: str) -> None:
    few, many = (shop.read(path) for shop in shops)
    assert few[1] < many[1], "the shop with many rows must list more"
    assert few[0] == many[0], f"{few[0]} statements for {few[1]} items, {many[0]} for {many[1]}"


def test_exemptions_exist() -> None:
    assert set(EXEMPT) <= set(DOCUMENT["paths"])
