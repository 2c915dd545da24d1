"""Permissions: the built-in codes and the API's are one list, and every operation is guarded by its code or listed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.access.rules import PERMISSIONS
from oltp.db.session import Database
from stormcom.reference.permissions import OPEN, describe_api, first_roles, render_permissions
from tests.search_api.conftest import Counter

DOCUMENT = describe_api()
PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render_permissions(DOCUMENT), "docs/permissions.md is out of date: run `make docs`"


def test_the_database_knows_the_same_codes(database: Database) -> None:
    with database.owner_session() as session:
        codes = set(session.scalars(text("SELECT code FROM permission WHERE store_id IS NULL")))
        found = session.execute(text("""
            SELECT p.code, (array_agg(r.role ORDER BY r.role DESC))[1]::text AS role
            FROM role_permission r JOIN permission p ON p.id = r.permission_id
            WHERE r.store_id IS NULL GROUP BY 1"""))
        lowest = {row.code: row.role for row in found}
    assert codes == set(PERMISSIONS)
    assert lowest == first_roles()


# The first mapping that was ever written down: role → what it has beyond the role before it.
TAXONOMY = {
    "VIEWER": "product.read inventory.read order.read customer.read analytics.view",
    "MEMBER": "product.write inventory.adjust order.fulfill",
    "ADMIN": "product.publish order.refund promo.manage discount.create webhook.manage settings.manage billing.manage",
    "OWNER": "admin.superuser integration.manage analytics.export"}


def test_roles_have_what_the_taxonomy_gave_them() -> None:
    found = first_roles()
    assert {code: found[code] for codes in TAXONOMY.values() for code in codes.split()} == {
        code: role for role, codes in TAXONOMY.items() for code in codes.split()}
    # In the taxonomy without a role, and those of selling: each has one, and is known.
    assert {"order.write", "customer.write", "customer.segment.manage", "discount.apply", "event.write", "search.read",
            "recommendation.read", "cart.write", "checkout.place", "payment.read", "payment.capture", "shipping.manage",
            "return.manage", "review.write", "review.moderate", "subscription.manage", "fraud.review"} <= set(found)


@pytest.mark.parametrize(("method", "path", "operation"), [
    pytest.param(*each, id=f"{each[0]} {each[1]}") for each in operations()])
def test_an_operation_refuses_whoever_lacks_its_code(
    counter: Counter, method: str, path: str, operation: dict[str, Any]
) -> None:
    code = operation.get("x-permission")
    if code is None:
        assert path in OPEN
        return
    called = path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            called = called.replace("{" + parameter["name"] + "}", str(uuid4()))
    client: TestClient = counter.client
    without = client.request(method, called, json={})
    assert (without.status_code, without.json()["code"]) == (401, "token_missing")
    others = [other for other in PERMISSIONS if other != code]
    refused = client.request(method, called, json={}, headers=headers(counter, *others))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), refused.text
    assert code in refused.json()["detail"]


CACHE: dict[tuple[int, str], dict[str, str]] = {}


def headers(counter: Counter, *scopes: str) -> dict[str, str]:
    """One token a set of scopes: there are hundreds of operations and a handful of sets."""
    key = (id(counter), ",".join(scopes))
    if key not in CACHE:
        CACHE[key] = counter.headers(counter.create_store(), *scopes)
    return CACHE[key]
