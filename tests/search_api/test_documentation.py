"""The documentation page: served by ourselves, all of it."""

import re

from fastapi.testclient import TestClient

from oltp.events.contracts import known_names
from search_api.app import ROOMS


def test_docs_need_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200 and "/openapi.json" in page.text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/docs/assets/"), asset
        assert client.get(asset).status_code == 200


def test_the_document_shows_what_an_event_is(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    event = body["properties"]["events"]
    assert event["maxItems"] == 1000 and set(event["items"]["properties"]["name"]["enum"]) == known_names()


def test_each_operation_stands_in_one_chapter_and_each_chapter_says_what_it_is(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    chapters = [tag["name"] for tag in document["tags"]]
    named = [operation["tags"] for methods in document["paths"].values() for operation in methods.values()]
    assert all(len(tags) == 1 for tags in named) and {tags[0] for tags in named} == set(chapters)
    assert all(tag["description"] for tag in document["tags"])
    # The dashboard has pages, no operations.
    assert [*chapters, "dashboard"] == [room.__name__.split(".")[1] for room in ROOMS]


def test_what_may_fall_below_zero_says_so(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["MoneyChange"]["properties"]["amount"]["minimum"] < 0
    for field in ("discount_delta", "net_sales_delta"):
        assert schemas["WhatIfAnswer"]["properties"][field]["$ref"].endswith("/MoneyChange")


def test_a_callback_says_how_it_is_refused(client: TestClient) -> None:
    answers = client.get("/openapi.json").json()["paths"]["/v1/payment-callbacks/{callback_key}"]["post"]["responses"]
    assert set(answers) == {"204", "400", "404", "409", "413", "422", "503"}
