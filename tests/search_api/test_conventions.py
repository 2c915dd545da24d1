"""Conventions that every operation of the OpenAPI document keeps; what does not is listed with its reason."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError

from oltp.access.rules import SCOPES
from search_api.shipping.fulfillment_schemas import CarrierEvent
from stormcom.reference.permissions import describe_api
from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk

DOCUMENT = describe_api()
KEYLESS = {
    "/v1/events": "each event has an id of its own, by which it is taken once",
    "/v1/payment-callbacks/{callback_key}": "each callback has an id of its own, and the provider sends no such key",
}
# Edits that ask for no ETag.
UNGUARDED = {
    "/v1/products/{product_id}/images/{image_id}": "an image has a text and a variant; the order is guarded",
    "/v1/selling-settings": "only what is given changes",
    "/v1/inventory-levels/{variant_id}": "only limits; stock itself is compared and set by an adjustment",
    "/v1/payment-provider-configs/{config_id}": "only what is given changes, credentials as a whole",
    "/v1/products/{product_id}/translations/{locale}": "replaced as a whole",
    "/v1/categories/{category_id}/translations/{locale}": "replaced as a whole",
    "/v1/brands/{brand_id}/translations/{locale}": "replaced as a whole",
    "/v1/customers/{customer_id}/custom-values": "only the values given change",
}
SINGULAR = {"search", "usage", "selling-settings", "metrics", "daily", "attribution", "events"}
# Last words of a path that are no noun: what is done with the thing before.
VERBS = {"restore", "publish", "withdraw", "order", "generate", "what-if", "activate", "pause", "bulk", "rating",
         "approve", "reject", "cancel", "invoice", "hold", "release", "capture", "void", "pack", "ship", "deliver",
         "check", "receive", "inspect", "refund", "resume", "review"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All operations of the document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference means."""
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def names(operation: dict[str, Any]) -> set[str]:
    """Names of an operation's parameters."""
    return {parameter["name"].lower() for parameter in operation.get("parameters", ())}


def test_every_operation_says_what_it_does() -> None:
    mute = [f"{method} {path}" for method, path, operation in operations()
            if not operation.get("summary") or not operation["description"].split("\n\nScope:")[0].strip()]
    assert mute == []


def test_every_body_has_an_example() -> None:
    bare = []
    for method, path, operation in operations():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = resolved(content["schema"])
            schemas = [schema, *(resolved(each) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())))]
            if not ({"example", "examples"} & set(content) or any(each.get("examples") for each in schemas)):
                bare.append(f"{method} {path}")
    assert bare == []


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """All that operations answer with JSON: what it is, and its content."""
    for method, path, operation in operations():
        for status, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if kind.endswith("json"):
                    yield f"{method} {path} {status}", content


def test_every_answer_has_an_example_that_its_schema_allows() -> None:
    wrong = {}
    for name, content in answers():
        examples = [content["example"]] if "example" in content else resolved(content["schema"]).get("examples", [])
        whole = Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]})
        faults = [str(fault.message) for each in examples for fault in whole.iter_errors(each)]
        if not examples or faults:
            wrong[name] = faults
    assert wrong == {}


def test_every_post_may_be_repeated_with_a_key() -> None:
    keyless = {path for method, path, operation in operations()
               if method == "post" and "idempotency-key" not in names(operation)}
    assert keyless == set(KEYLESS)


def test_what_two_people_edit_is_guarded() -> None:
    unguarded = {path for method, path, operation in operations()
                 if method in {"patch", "put"} and "if-match" not in names(operation)}
    assert unguarded == set(UNGUARDED)


def test_deletions_answer_204_and_what_is_made_201() -> None:
    for method, path, operation in operations():
        done = {status for status in operation["responses"] if status.startswith("2")}
        if method == "delete":
            assert done == {"204"}, path
        elif method in {"get", "patch"}:
            assert done == {"200"}, path
        elif method == "put":
            assert done <= {"200", "201"}, path
        else:
            assert done in ({"201"}, {"200"}, {"202"}, {"204"}), path


def test_paths_are_plural_nouns_in_small_letters() -> None:
    for _, path, _ in operations():
        if path.startswith("/v1/"):
            for word in path.removeprefix("/v1/").split("/"):
                assert re.fullmatch(r"[a-z]+(-[a-z]+)*|\{[a-z_]+\}", word), path
                assert word.startswith("{") or word.endswith("s") or word in SINGULAR | VERBS, path


def test_listings_are_pages() -> None:
    for method, path, operation in operations():
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        fields = set(resolved(content.get("schema", {})).get("properties", ()))
        if method == "get" and {"items", "next"} <= fields:
            assert {"limit", "cursor"} <= names(operation), path


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, *SCOPES)


def test_a_stale_edit_names_the_header(desk: Desk) -> None:
    made = desk("POST", "categories", 201, {"name": "Lamps"})
    answer = desk("PATCH", f"categories/{made['id']}", 412, {"name": "Lights"}, **{"If-Match": '"1"'})
    assert answer["errors"][0]["field"] == "header.If-Match"


def test_true_is_no_amount(desk: Desk) -> None:
    body = {"name": "Lamp", "sku": "L", "price": {"amount": True, "currency": "USD"}}
    assert desk("POST", "products", 422, body)["errors"][0]["field"] == "body.price.amount"
    item = {"variant_id": str(desk.shop.product().variant_id), "quantity": True}
    answer = desk("POST", "carts", 422, {"currency": "USD", "items": [item]})
    assert answer["errors"][0]["field"] == "body.items.0.quantity"


@pytest.mark.parametrize("kept", [{"a": "\0"}, {"a": [{"\ud800": 1}]}, {"a": float("nan")}, {"a": float("inf")}])
def test_foreign_json_that_can_not_be_kept_is_refused_by_name(kept: dict[str, Any]) -> None:
    report = {"name": "in_transit", "external_ref": "r", "occurred_at": "2026-11-24T09:30:00Z"}
    with pytest.raises(ValidationError) as refused:
        CarrierEvent.model_validate({**report, "body": kept})
    assert refused.value.errors()[0]["loc"] == ("body",)
    assert CarrierEvent.model_validate({**report, "body": {"a": [1, 2.5, None, {"b": "c"}]}}).body["a"][0] == 1
