"""Stripe by its official package: one PaymentIntent per attempt, which carries our ids as metadata."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import stripe

from oltp.payments.facts import (
    CallbackRefused,
    ChargeRequest,
    GatewayAnswer,
    GatewayDown,
    GatewayFact,
    GatewayTimeout,
    Outcome,
)
from oltp.payments.gateways.stripe_amounts import NotChargeable, to_stripe
from oltp.payments.gateways.stripe_events import facts_of_event, intent_facts, refund_fact
from oltp.payments.signing import check_signature

TIMEOUT_SECONDS = 20
# Pinned, so that what Stripe answers does not change with the package.
API_VERSION = "2025-03-31.basil"
SIGNATURE = "stripe-signature"
# An intent may be older than we think by as much as the clocks differ.
_SLACK = timedelta(minutes=5)
_PAGE = 100
_NEVER_MOVED = (stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError)
_OUTCOMES: Mapping[str, Outcome] = {
    "requires_capture": "authorized", "succeeded": "captured", "canceled": "voided",
    "requires_payment_method": "declined"}
_OF_REFUNDS: Mapping[str, Outcome] = {"succeeded": "refunded", "failed": "declined", "canceled": "declined"}


class StripeGateway:
    """An account with Stripe. `url` names another server than Stripe's own, for tests."""

    name = "STRIPE"
    captures_once = True
    is_outside = True

    def __init__(self, *, api_key: str, secrets: tuple[str, ...] = (), url: str | None = None,
                 http_client: stripe.HTTPClient | None = None) -> None:
        self._secrets = secrets
        # Retries are ours, with the same key: what the package tries by itself could outlast our lease.
        self._client = stripe.StripeClient(
            api_key, base_addresses={"api": url.rstrip("/")} if url else {}, max_network_retries=0,
            stripe_version=API_VERSION, http_client=http_client or stripe.RequestsClient(timeout=TIMEOUT_SECONDS))

    def authorize(self, request: ChargeRequest) -> GatewayAnswer:
        """Make and confirm the intent."""
        if not request.token:
            return GatewayAnswer("declined", None, str(request.attempt_id), 0, "token_missing",
                                 "A payment by card needs the token of a payment method.")
        # The package's types are of a newer version.
        return _asked(str(request.attempt_id), lambda: _answer(self._client.v1.payment_intents.create(
            cast("Any", _intent(request)), {"idempotency_key": request.idempotency_key}), request.amount))

    def capture(self, ref: str | None, amount: int, *, currency: str, key: str) -> GatewayAnswer:
        """Take the money, or a part of it; Stripe releases the rest."""
        return _asked(str(ref), lambda: _answer(self._client.v1.payment_intents.capture(
            str(ref), {"amount_to_capture": to_stripe(amount, currency)}, {"idempotency_key": key}), amount))

    def void(self, ref: str | None, *, key: str) -> GatewayAnswer:
        """Cancel the intent."""
        return _asked(str(ref), lambda: _answer(
            self._client.v1.payment_intents.cancel(str(ref), {}, {"idempotency_key": key}), 0))

    def refund(self, ref: str | None, amount: int, *, refund_id: UUID, currency: str, key: str) -> GatewayAnswer:
        """Refund the intent; a refund that was made before is found by our id.

        It may be pending for days, and keys are forgotten after one: sent again, it would be a second refund.
        """
        named = {"refund_id": str(refund_id)}
        return _asked(str(ref), lambda: _refunded(self._find_refund(str(ref), named) or self._client.v1.refunds.create(
            {"payment_intent": str(ref), "amount": to_stripe(amount, currency), "metadata": named},
            {"idempotency_key": key}), amount))

    def find(self, attempt_id: UUID, *, external_ref: str | None = None,
             since: datetime | None = None) -> list[GatewayFact] | None:
        """Look an attempt up by the intent's name or, where we never heard it, by our metadata."""
        try:
            if external_ref is not None:
                intent = self._client.v1.payment_intents.retrieve(external_ref).to_dict()
            else:
                named = str(attempt_id)
                intent = next(
                    (each for each in self._intents(since) if (each["metadata"] or {}).get("attempt_id") == named), {})
            if not intent:
                return None
            return [*intent_facts(intent, attempt_id=attempt_id), *self._refunds(intent)]
        except stripe.StripeError as error:
            raise GatewayDown(str(error)) from error

    def parse_callback(self, body: bytes, headers: Mapping[str, str], now: datetime) -> list[GatewayFact]:
        """Return the facts of a webhook. Errors: CallbackRefused."""
        check_signature(body, header=headers.get(SIGNATURE), secrets=self._secrets, now=now)
        return self.read_callback(body)

    def read_callback(self, body: bytes) -> list[GatewayFact]:
        """Return the facts of a body whose signature was checked before. Errors: CallbackRefused."""
        try:
            return facts_of_event(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise CallbackRefused("the body can't be read") from error

    def _find_refund(self, ref: str, named: Mapping[str, str]) -> stripe.Refund | None:
        made = self._client.v1.refunds.list({"payment_intent": ref, "limit": _PAGE}).data
        return next((each for each in made if (each.to_dict()["metadata"] or {}) == named), None)

    def _refunds(self, intent: Mapping[str, Any]) -> list[GatewayFact]:
        if intent["status"] != "succeeded":
            return []
        page = self._client.v1.refunds.list({"payment_intent": str(intent["id"]), "limit": _PAGE})
        return [refund_fact(each.to_dict(), str(intent["id"])) for each in page.data if each.status == "succeeded"]

    def _intents(self, since: datetime | None) -> Iterator[dict[str, Any]]:
        """Yield intents from the newest on; those made before `since` end it."""
        # Search by metadata lags behind by up to a minute; a list does not.
        earliest = since - _SLACK if since else None
        after: str | None = None
        while True:
            page = self._client.v1.payment_intents.list(
                {"limit": _PAGE, "starting_after": after} if after else {"limit": _PAGE})
            yield from (each.to_dict() for each in page.data)
            is_past = earliest is not None and all(each.created < earliest.timestamp() for each in page.data)
            if not page.has_more or not page.data or is_past:
                return
            after = page.data[-1].id


def _intent(request: ChargeRequest) -> dict[str, Any]:
    """Return the intent to be made. Errors: NotChargeable."""
    # By card only: other means may send the customer elsewhere.
    return {
        "amount": to_stripe(request.amount, request.currency), "currency": request.currency.lower(),
        "payment_method": request.token, "confirm": True, "payment_method_types": ["card"],
        "capture_method": "automatic" if request.capture else "manual",
        "metadata": {"attempt_id": str(request.attempt_id), "order_id": str(request.order_id),
                     "store_id": str(request.store_id)}}


def _asked(entry_ref: str, ask: Callable[[], GatewayAnswer]) -> GatewayAnswer:
    """Return the answer; a refusal for good is 'declined'. Errors: GatewayTimeout, GatewayDown."""
    try:
        return ask()
    except stripe.CardError as error:
        ref = _intent_of(error)
        return GatewayAnswer("declined", ref, ref or entry_ref, 0, error.code, str(error.user_message or error))
    except _NEVER_MOVED as error:
        raise GatewayDown(type(error).__name__) from error
    except NotChargeable as error:
        return GatewayAnswer("declined", None, entry_ref, 0, "not_chargeable", str(error))
    except stripe.InvalidRequestError as error:
        return GatewayAnswer("declined", None, entry_ref, 0, error.code or "invalid_request",
                             str(error.user_message or error))
    except stripe.StripeError as error:
        raise GatewayTimeout(type(error).__name__) from error


def _intent_of(error: stripe.CardError) -> str | None:
    """Return the name of the intent that was made and declined; callbacks will name it."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    ref = body.get("error", {}).get("payment_intent", {}).get("id")
    return None if ref is None else str(ref)


def _answer(intent: stripe.PaymentIntent, amount: int) -> GatewayAnswer:
    outcome = _OUTCOMES.get(intent.status, "pending")
    moved = amount if outcome in ("authorized", "captured") else 0
    error = intent.last_payment_error
    return GatewayAnswer(outcome, intent.id, intent.id, moved, error.code if error else None,
                         error.message if error else None)


def _refunded(refund: stripe.Refund, amount: int) -> GatewayAnswer:
    outcome = _OF_REFUNDS.get(str(refund.status), "pending")
    reason = getattr(refund, "failure_reason", None)
    return GatewayAnswer(outcome, str(refund.payment_intent), refund.id, amount, reason, reason)
