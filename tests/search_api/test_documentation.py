"""The documentation page: served by ourselves, all of it."""

import re

from fastapi.testclient import TestClient

from oltp.events.contracts import known_names


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
