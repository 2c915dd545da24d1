"""Examples of answers, made from their schemas: /docs shows what an operation answers before it was ever asked.

What a schema itself says of a value comes first (its example, its choices, its bounds), then what is typical for the
field's name.
"""

from collections.abc import Mapping
from typing import Any

REFERENCE = "#/components/schemas/"
# A condition may hold conditions; at this depth there are no more.
DEEPEST = 12
FORMATS: Mapping[str, str] = {
    "uuid": "01a20c4d-25f2-77e2-86a9-21bf4379aa47", "date-time": "2026-11-24T12:00:00Z", "date": "2026-11-24"}
WORDS: Mapping[str, str] = {
    "name": "Desk lamp", "product_name": "Desk lamp", "title": "Desk lamp", "slug": "desk-lamp", "sku": "LAMP-1",
    "variant_name": "Brass", "short_description": "Brass, 40 cm", "locale": "de-CH", "barcode": "4006381333931",
    "currency": "USD", "base": "EUR", "quote": "USD", "via": "EUR", "source": "ecb", "rate_source": "ecb",
    "country": "DE", "region": "BY", "timezone": "Europe/Berlin", "rate": "0.2", "tax_rate": "0.2",
    "tax_class": "standard", "percent": "10", "discount_percent": "10", "average": "4.3", "code": "WELCOME10",
    "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron", "phone": "+49 30 123456",
    "visitor_id": "v-5f0c", "order_number": "ORD-00042", "order_number_prefix": "ORD-", "shipping_method": "Standard",
    "payment_method": "CREDIT_CARD", "carrier": "DHL", "service": "Paket", "tracking_number": "00340434161094000000",
    "reason_detail": "damaged", "discount_code": "WELCOME10", "external_ref": "pi_3P0", "method": "CREDIT_CARD",
    "next": "WyIyMDI2LTExLTI0VDEyOjAwOjAwKzAwOjAwIiwgIjAxYTIwYzRkIl0", "comment": "Bright, and it does not wobble.",
    "field": "items.0.quantity", "key": "shoe_size", "label": "Shoe size", "stack_group": "sale", "room": "inventory",
    "message": "Only 1 is left.", "path": "items.0", "callback_path": "/v1/payment-callbacks/5f0c", "channel": "direct",
    "grain": "day", "unit": "money", "model_version": "2026-11-24T03:00:00Z", "rules_version": "2026.11.1",
    "price_source": "list", "customer_note": "Ring twice.", "admin_note": "Call first.", "reason": "Too large",
    "expires_at": "2026-11-24T12:15:00Z"}
# Of an order of two lamps for 20.00 less 10 %, with 20 % tax, that waits for its money: the amounts add up.
AMOUNTS: Mapping[str, int] = {
    "unit_price": 2000, "subtotal": 4000, "discount": 400, "shipping": 0, "shipping_discount": 0, "tax": 720,
    "total": 4320, "due": 4320, "paid": 0, "returned": 0, "owed": 4320, "gross": 400, "captured": 0, "refunded": 0,
    "charged_back": 0, "amount": 400}
NUMBERS: Mapping[str, int] = {
    "quantity": 2, "cancelled_quantity": 0, "fulfilled_quantity": 0, "returned_quantity": 0, "refunded_quantity": 0,
    "on_hand": 12, "reserved": 2, "available": 10, "low_stock_threshold": 5, "backorder_limit": 0, "position": 0,
    "sort_order": 0, "rating": 5, "weight_grams": 1250, "used_count": 0, "reserved_minutes": 15}
TRUE = frozenset({"is_active", "is_available", "is_published", "is_tracked", "is_default", "is_approved", "holds"})
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "address": "1 Square",
           "city": "Berlin", "postal_code": "10115", "country": "DE"}
# Seldom there: they tell how something ended, and what has not ended has none.
ABSENT = frozenset({
    "bundle_id", "canceled_at", "cancel_reason", "deleted_at", "ended_at", "failure_code", "failure_reason",
    "fulfilled_at", "hold_reason", "reject_reason", "released_at", "voided_at"})


def add_examples(document: dict[str, Any]) -> None:
    """Give each JSON answer of the OpenAPI document an example, where it has none."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    if "schema" in content:
                        _add(content, schemas)


def _add(content: dict[str, Any], schemas: dict[str, Any]) -> None:
    name = content["schema"].get("$ref", "").removeprefix(REFERENCE)
    if not name:
        content.setdefault("example", example_of(content["schema"], schemas))
    elif not schemas[name].get("examples"):
        schemas[name]["examples"] = [example_of(schemas[name], schemas)]


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return a value of the schema; `name` is the field's, `schemas` what references mean."""
    if "$ref" in schema:
        target = schemas[schema["$ref"].removeprefix(REFERENCE)]
        found = example_of(target, schemas, name=name, depth=depth + 1)
        return {**found, "amount": AMOUNTS[name]} if target.get("title") == "Money" and name in AMOUNTS else found
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return _chosen(choices, schemas, name=name, depth=depth)
    return _plain(schema, schemas, name=name, depth=depth)


def _chosen(choices: list[Any], schemas: Mapping[str, Any], *, name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
    null = {"type": "null"}
    if null in choices and (name in ABSENT or depth > DEEPEST):
        return None
    first = next((each for each in choices if each != null), null)
    return example_of(first, schemas, name=name, depth=depth + 1)


def _plain(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str, depth: int) -> Any:  # noqa: ANN401 - JSON
    match schema.get("type"):
        case "object":
            return ADDRESS if name.endswith("address") else _object(schema, schemas, depth=depth)
        case "array":
            # The singular of a plural: `codes` has a code.
            count = max(schema.get("minItems", 0), 0 if depth > DEEPEST else 1)
            part = schema.get("items", {})
            return [example_of(part, schemas, name=name.removesuffix("s"), depth=depth + 1) for _ in range(count)]
        case "string":
            return _string(schema, name)
        case "integer" | "number":
            return NUMBERS.get(name, max(1, schema.get("minimum", 1)))
        case "boolean":
            return name in TRUE
        case _:
            return None


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
    found = {name: example_of(part, schemas, name=name, depth=depth + 1)
             for name, part in schema.get("properties", {}).items()}
    rest = schema.get("additionalProperties")
    if not found and isinstance(rest, dict) and rest:
        return {"color": example_of(rest, schemas, depth=depth + 1)}
    return found


def _string(schema: Mapping[str, Any], name: str) -> str:
    known = WORDS.get(name) or FORMATS.get(schema.get("format", ""))
    if known is None and name.endswith(("_url", "url", "image", "logo", "website")):
        return "https://shop.example.com/lamp"
    return known or name.replace("_", " ").capitalize() or "brass"
