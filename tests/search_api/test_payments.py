"""Payments over HTTP: accounts, attempts, captures, refunds, and what gateways call for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.kit.ids import new_id
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import SECRET, SIGNATURE, FakeGateway
from oltp.payments.signing import sign
from tests.oltp.payments.orders import Sold, attempt_of, charge, order_of
from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements

SCOPES = ("settings.manage", "payment.read", "payment.capture", "order.refund")
STRIPE = {"gateway": "STRIPE", "name": "Cards", "credentials": {"api_key": "sk_test_1", "webhook_secrets": ["whsec_1"]}}


class Till:
    """A shop, its fake gateway, and somebody who calls the API for it."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)
        self.gateways: Gateways = counter.client.app.state.gateways  # type: ignore[attr-defined]
        assert self.gateways.faked is not None
        self.fake: FakeGateway = self.gateways.faked
        self.account = self.shop.gateway("STRIPE")

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def callback(self, body: bytes, headers: dict[str, str], status: int) -> None:
        """Call back as the gateway does."""
        key = self.shop.execute("SELECT callback_key FROM payment_provider_config WHERE id = :id", id=self.account)
        answer = self.counter.client.post(f"/v1/payment-callbacks/{key}", content=body, headers=headers)
        assert answer.status_code == status, answer.text

    def paid(self, token: str | None = None, quantity: int = 2) -> tuple[Sold, UUID]:
        """An order of units of 1000, and its charged attempt."""
        sold = order_of(self.shop, (self.shop.product(), quantity, 1000 * quantity, 0))
        attempt_id = attempt_of(self.shop, sold.order_id, config_id=self.account)
        charge(self.shop, self.gateways, attempt_id, token)
        return sold, attempt_id


@pytest.fixture
def till(counter: Counter) -> Till:
    """A shop of the test's own."""
    return Till(counter)


def test_accounts_keep_their_secrets(till: Till) -> None:
    made = till("POST", "payment-provider-configs", 201, STRIPE)
    assert made["has_credentials"] and "sk_test" not in str(made) and "whsec" not in str(made)
    path = f"payment-provider-configs/{made['id']}"
    till("PATCH", path, 200, {"capture": "manual", "is_active": False})
    changed = till("GET", path, 200)
    assert (changed["capture"], changed["is_active"], changed["name"]) == ("manual", False, "Cards")
    with till.counter.database.owner_session() as session:
        sealed = session.scalar(text("SELECT credentials_ciphertext FROM payment_provider_config WHERE id = :id"),
                                {"id": made["id"]})
    assert sealed and b"sk_test_1" not in bytes(sealed)
    assert till("POST", "payment-provider-configs", 409, STRIPE)["code"] == "config_name_taken"
    listed = till("GET", "payment-provider-configs", 200)["items"]
    assert {each["name"] for each in listed} == {"Cards", "stripe"}
    till("DELETE", path, 204)
    assert till("GET", path, 404)["code"] == "config_not_found"


def test_sslcommerz_is_refused_clearly(till: Till) -> None:
    refusal = till("POST", "payment-provider-configs", 422, {**STRIPE, "gateway": "SSLCOMMERZ"})
    assert refusal["detail"] == "Payments by SSLCOMMERZ are not supported: use STRIPE or MANUAL."
    assert refusal["errors"][0]["field"] == "body.gateway"
    till("POST", "payment-provider-configs", 422, {**STRIPE, "gateway": "MANUAL"})


def test_attempts_are_listed_captured_and_voided(till: Till) -> None:
    till("PATCH", f"payment-provider-configs/{till.account}", 200, {"capture": "manual"})
    (sold, attempt), (_, other) = till.paid(), till.paid()
    shown = till("GET", f"payment-attempts/{attempt}", 200)
    assert (shown["status"], shown["authorized"]) == ("authorized", {"amount": 2000, "currency": "USD"})
    part = {"amount": {"amount": 1500, "currency": "USD"}}
    till("POST", f"payment-attempts/{attempt}/capture", 422, {"amount": {"amount": 1, "currency": "EUR"}})
    captured = till("POST", f"payment-attempts/{attempt}/capture", 200, part, **{"Idempotency-Key": "k1"})
    assert (captured["status"], captured["captured"]["amount"]) == ("captured", 1500)
    assert till("POST", f"payment-attempts/{attempt}/capture", 200, part, **{"Idempotency-Key": "k1"}) == captured
    assert till("POST", f"payment-attempts/{attempt}/capture", 409, {})["code"] == "capture_refused"
    assert till("POST", f"payment-attempts/{other}/void", 200)["status"] == "voided"
    listed = till("GET", "payment-attempts?status=captured", 200)["items"]
    assert [each["id"] for each in listed] == [str(attempt)]
    assert till("GET", f"orders/{sold.order_id}/payment-attempts", 200)["items"] == listed
    first = till("GET", "payment-attempts?limit=1", 200)
    second = till("GET", f"payment-attempts?limit=1&cursor={first['next']}", 200)
    assert [each["items"][0]["id"] for each in (first, second)] == [str(other), str(attempt)]
    assert second["next"] is None


def test_refunds_are_made_once_and_listed(till: Till) -> None:
    sold, _ = till.paid()
    path = f"orders/{sold.order_id}/refunds"
    wish = {"items": [{"order_item_id": str(sold.item_ids[0]), "quantity": 1}], "reason": "broken"}
    made = till("POST", path, 201, wish, **{"Idempotency-Key": "r1"})
    assert (made["status"], made["amount"]["amount"], made["items"][0]["kind"]) == ("processed", 1000, "item")
    assert till("POST", path, 201, wish, **{"Idempotency-Key": "r1"}) == made
    refusal = till("POST", path, 409, {"amount": {"amount": 1001, "currency": "USD"}})
    assert (refusal["code"], refusal["errors"][0]["field"]) == ("refund_too_large", "body.amount")
    assert till("POST", path, 422, {})["code"] == "refund_empty"
    assert till("GET", path, 200)["items"] == [made] == till("GET", "refunds", 200)["items"]
    assert till("GET", "refunds?status=failed", 200)["items"] == []
    assert till.fake.charged([sold.order_id]) == {sold.order_id: 1000}


def test_callback_signature_over_raw_bytes_constant_time_300_seconds_key_rotation(till: Till) -> None:
    sold, attempt = till.paid("fake_timeout_after")
    now = till.counter.clock.now()
    (body, headers), = till.fake.callbacks(now=now, attempt_id=attempt)
    stale = {SIGNATURE: sign(body, secret=SECRET, at=now - timedelta(seconds=301))}
    early = {SIGNATURE: sign(body, secret=SECRET, at=now + timedelta(seconds=301))}
    wrong = {SIGNATURE: sign(body, secret="whsec_other", at=now)}
    for bad, signed in ((body.replace(b"2000", b"2001"), headers), (body + b" ", headers), (body, stale),
                        (body, early), (body, wrong), (body, {}), (b"\x00\xff", {SIGNATURE: "t=1,v1=\xe9".encode()})):
        till.callback(bad, signed, 400)  # type: ignore[arg-type]
    assert till.shop.execute("SELECT count(*) FROM gateway_event WHERE store_id = :store AND NOT is_verified "
                             "AND refusal IS NOT NULL") == 7
    assert till("GET", f"payment-attempts/{attempt}", 200)["status"] == "unknown"
    till.fake.secrets = ("whsec_new", SECRET)
    for signed in (headers, {SIGNATURE: sign(body, secret="whsec_new", at=now)}, headers):
        till.callback(body, signed, 204)
    till.fake.secrets = (SECRET,)
    shown = till("GET", f"payment-attempts/{attempt}", 200)
    assert (shown["status"], shown["captured"]["amount"]) == ("captured", 2000)
    assert till.shop.execute("SELECT count(*) FROM gateway_event WHERE store_id = :store AND is_verified "
                             "AND applied_at IS NOT NULL") == 1
    assert till.shop.execute("SELECT status::text FROM orders WHERE store_id = :store AND id = :id",
                             id=sold.order_id) == "PAID"
    answer = till.counter.client.post(f"/v1/payment-callbacks/{'x' * 32}", content=body, headers=headers)
    assert answer.status_code == 404


def test_lists_take_a_constant_number_of_statements(till: Till) -> None:
    counts: dict[str, list[int]] = {"payment-attempts": [], "refunds": [], "payment-provider-configs": []}
    goods = till.shop.product()
    for more in (1, 49):
        for _ in range(more):
            sold = order_of(till.shop, (goods, 1, 100, 0))
            attempt_of(till.shop, sold.order_id, config_id=till.account)
            till.shop.execute("""
                INSERT INTO refund (store_id, order_id, currency, amount) VALUES (:store, :order, 'USD', 1)""",
                              order=sold.order_id)
            till.shop.gateway("MANUAL", name=str(new_id()))
        for path, found in counts.items():
            with statements(till.counter.database) as sent:
                till("GET", f"{path}?limit=50", 200)
            found.append(len(sent))
    assert all(first == second for first, second in counts.values()), counts
