"""Conformance: what every gateway does in the same way; Stripe is spoken to through localstripe over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import stripe

from oltp.kit.ids import new_id
from oltp.payments.facts import CallbackRefused, ChargeRequest
from oltp.payments.gateway import Gateway
from oltp.payments.gateways.fake import FakeGateway
from oltp.payments.gateways.manual import ManualGateway
from oltp.payments.gateways.stripe import StripeGateway
from oltp.payments.gateways.stripe_amounts import to_stripe
from oltp.payments.gateways.stripe_events import facts_of_event
from tests.oltp.payments import stripe_fake

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Recorder(stripe.RequestsClient):
    """Stripe's own HTTP client, which notes the headers of what it sends, and may lose the answer."""

    def __init__(self) -> None:
        super().__init__(timeout=20)
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self.loses_answers = False

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        self.sent.append((method, url, dict(headers)))
        answer = super().request(method, url, headers, post_data)
        if self.loses_answers:
            raise stripe.APIConnectionError("lost")
        return answer


@dataclass(frozen=True)
class Subject:
    """A gateway under test, and tokens of cards."""

    gateway: Gateway
    good: Callable[[], str | None]
    declined: Callable[[], str | None]


@pytest.fixture(scope="module")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running localstripe."""
    with stripe_fake.running(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@pytest.fixture(params=["fake", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each gateway that asks somebody outside."""
    if request.param == "fake":
        return Subject(FakeGateway(), lambda: None, lambda: "fake_declined")
    url = request.getfixturevalue("stripe_url")
    return Subject(StripeGateway(api_key=stripe_fake.KEY, secrets=("whsec_1",), url=url),
                   lambda: stripe_fake.card(url), lambda: stripe_fake.card(url, stripe_fake.DECLINED))


def _request(token: str | None, *, capture: bool = True, attempt_id: UUID | None = None) -> ChargeRequest:
    attempt = attempt_id or new_id()
    return ChargeRequest(attempt, new_id(), new_id(), 2000, "USD", token, capture, "Order 1", f"{attempt}:authorize")


class TestEveryGateway:
    def test_a_charge_is_captured_and_found_again(self, subject: Subject) -> None:
        request = _request(subject.good())
        answer = subject.gateway.authorize(request)
        assert (answer.outcome, answer.amount) == ("captured", 2000)
        facts = subject.gateway.find(request.attempt_id, external_ref=answer.external_ref) or []
        assert [(fact.kind, fact.entry_ref, fact.amount, fact.currency) for fact in facts] == [
            ("captured", answer.entry_ref, 2000, "USD")]

    def test_a_card_is_declined_with_a_reason(self, subject: Subject) -> None:
        answer = subject.gateway.authorize(_request(subject.declined()))
        assert (answer.outcome, answer.amount) == ("declined", 0)
        assert answer.code and answer.reason

    def test_an_authorized_charge_is_captured_once(self, subject: Subject) -> None:
        request = _request(subject.good(), capture=False)
        authorized = subject.gateway.authorize(request)
        assert authorized.outcome == "authorized"
        captured = subject.gateway.capture(authorized.external_ref, 2000, currency="USD", key="c1")
        assert (captured.outcome, captured.amount) == ("captured", 2000)
        again = subject.gateway.capture(authorized.external_ref, 2000, currency="USD", key="c2")
        assert again.outcome == "declined"

    def test_an_authorized_charge_is_voided(self, subject: Subject) -> None:
        request = _request(subject.good(), capture=False)
        ref = subject.gateway.authorize(request).external_ref
        assert subject.gateway.void(ref, key="v1").outcome == "voided"
        facts = subject.gateway.find(request.attempt_id, external_ref=ref) or []
        assert facts[-1].kind == "voided"

    def test_a_refund_is_made_and_found_again_with_our_id(self, subject: Subject) -> None:
        request, refund_id = _request(subject.good()), new_id()
        ref = subject.gateway.authorize(request).external_ref
        answer = subject.gateway.refund(ref, 700, refund_id=refund_id, currency="USD", key="r1")
        assert (answer.outcome, answer.amount) == ("refunded", 700)
        found = [fact for fact in subject.gateway.find(request.attempt_id, external_ref=ref) or ()
                 if fact.kind == "refunded"]
        assert [(each.entry_ref, each.amount, each.refund_id) for each in found] == [(answer.entry_ref, 700, refund_id)]

    def test_what_it_never_heard_of_is_not_found(self, subject: Subject) -> None:
        assert subject.gateway.find(new_id(), since=datetime.now(UTC)) is None

    def test_a_callback_without_a_signature_is_refused(self, subject: Subject) -> None:
        with pytest.raises(CallbackRefused):
            subject.gateway.parse_callback(b"{}", {}, NOW)


def test_manual_payments_are_what_a_person_records() -> None:
    gateway: Gateway = ManualGateway()
    request = _request(None)
    assert gateway.authorize(request).outcome == "pending"
    assert gateway.capture(None, 500, currency="USD", key="k").amount == 500
    assert gateway.refund(None, 500, refund_id=new_id(), currency="USD", key="k").outcome == "refunded"
    assert gateway.find(request.attempt_id) == []


def test_an_unknown_payment_is_found_again_by_our_metadata_and_a_stable_key_is_sent(stripe_url: str) -> None:
    recorder = Recorder()
    gateway = StripeGateway(api_key=stripe_fake.KEY, url=stripe_url, http_client=recorder)
    request = _request(stripe_fake.card(stripe_url))
    recorder.loses_answers = True
    from_key = replace(request, idempotency_key="attempt:authorize")
    with pytest.raises(Exception, match="APIConnectionError"):
        gateway.authorize(from_key)
    recorder.loses_answers = False
    facts = gateway.find(request.attempt_id, since=datetime.now(UTC)) or []
    assert [(fact.kind, fact.amount, fact.attempt_id) for fact in facts] == [("captured", 2000, request.attempt_id)]
    assert recorder.sent[0][2]["Idempotency-Key"] == "attempt:authorize"
    gateway.refund(facts[0].external_ref, 1, refund_id=new_id(), currency="USD", key="refund:refund")
    assert recorder.sent[-1][2]["Idempotency-Key"] == "refund:refund"
    assert all("Stripe-Version" in headers for _, _, headers in recorder.sent)


def test_a_refund_is_made_once_also_when_stripe_has_forgotten_its_key(stripe_url: str) -> None:
    gateway = StripeGateway(api_key=stripe_fake.KEY, url=stripe_url)
    ref = gateway.authorize(_request(stripe_fake.card(stripe_url))).external_ref
    refund_id = new_id()
    # localstripe never looks at keys.
    first, again = (gateway.refund(ref, 700, refund_id=refund_id, currency="USD", key=f"{refund_id}:refund")
                    for _ in range(2))
    assert first == again and stripe_fake.balance(stripe_url, str(ref)) == (2000, 700)
    gateway.refund(ref, 300, refund_id=new_id(), currency="USD", key="other")
    assert stripe_fake.balance(stripe_url, str(ref)) == (2000, 1000)


@pytest.mark.parametrize(("currency", "amount", "sent"), [
    ("USD", 1999, 1999), ("JPY", 1999, 1999), ("ISK", 1999, 199900), ("MGA", 199900, 1999), ("KWD", 1990, 1990)])
def test_stripe_is_sent_its_own_units(stripe_url: str, currency: str, amount: int, sent: int) -> None:
    gateway = StripeGateway(api_key=stripe_fake.KEY, url=stripe_url)
    request = replace(_request(stripe_fake.card(stripe_url), capture=False), amount=amount, currency=currency)
    ref = gateway.authorize(request).external_ref
    assert to_stripe(amount, currency) == sent == stripe_fake.balance(stripe_url, str(ref))[0]
    assert gateway.capture(ref, amount, currency=currency, key="c").amount == amount
    part = amount // 200 * 100
    assert gateway.refund(ref, part, refund_id=new_id(), currency=currency, key="r").amount == part
    facts = gateway.find(request.attempt_id, external_ref=ref) or []
    assert [(fact.kind, fact.amount) for fact in facts] == [("captured", amount), ("refunded", part)]


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 1999), ("MGA", 1999), ("UGX", 2000)])
def test_what_stripe_can_not_charge_exactly_is_declined_and_not_sent(currency: str, amount: int) -> None:
    gateway = StripeGateway(api_key=stripe_fake.KEY, url="http://127.0.0.1:9")
    answer = gateway.authorize(replace(_request("pm_card"), amount=amount, currency=currency))
    assert (answer.outcome, answer.code) == ("declined", "not_chargeable") and currency in str(answer.reason)


def test_stripes_webhooks_are_read_when_their_signature_is_right(stripe_url: str) -> None:
    gateway = StripeGateway(api_key=stripe_fake.KEY, secrets=("whsec_new", "whsec_old"), url=stripe_url)
    request = _request(stripe_fake.card(stripe_url))
    with stripe_fake.hearing(stripe_url, "whsec_old") as heard:
        answer = gateway.authorize(request)
        body, headers = heard.get(timeout=30)
        # Those of earlier tests come late.
        while str(request.attempt_id).encode() not in body:
            body, headers = heard.get(timeout=30)
    now = datetime.now(UTC)
    fact, = gateway.parse_callback(body, headers, now)
    assert (fact.kind, fact.attempt_id, fact.entry_ref, fact.amount) == (
        "captured", request.attempt_id, answer.entry_ref, 2000)
    for wrong_body, when in ((body.replace(b"2000", b"2001"), now), (body, now + timedelta(seconds=310))):
        with pytest.raises(CallbackRefused):
            gateway.parse_callback(wrong_body, headers, when)
    with pytest.raises(CallbackRefused):
        StripeGateway(api_key=stripe_fake.KEY, secrets=("whsec_other",)).parse_callback(body, headers, now)


@pytest.mark.parametrize(("name", "thing", "kind"), [
    ("refund.updated", {"id": "re_1", "status": "succeeded", "amount": 5, "created": 1}, "refunded"),
    ("charge.dispute.funds_withdrawn", {"id": "dp_1", "amount": 5}, "charged_back"),
    ("charge.dispute.funds_reinstated", {"id": "dp_1", "amount": 5}, "charge_back_reversed"),
    ("payment_intent.amount_capturable_updated", {"id": "pi_1", "status": "requires_capture", "amount": 5},
     "authorized"),
    ("payment_intent.canceled", {"id": "pi_1", "status": "canceled", "amount": 5}, "voided"),
    ("payment_intent.payment_failed", {
        "id": "pi_1", "status": "requires_payment_method", "amount": 5, "last_payment_error": {"code": "x"}}, "failed"),
    ("payment_intent.created", {"id": "pi_1", "status": "requires_payment_method", "amount": 5}, None),
])
def test_stripes_events_are_facts(name: str, thing: dict[str, Any], kind: str | None) -> None:
    event = {"id": "evt_1", "type": name, "created": 1, "data": {
        "object": {"payment_intent": "pi_1", "currency": "usd", "metadata": {}, **thing}}}
    assert [(fact.kind, fact.external_ref) for fact in facts_of_event(event)] == ([(kind, "pi_1")] if kind else [])
