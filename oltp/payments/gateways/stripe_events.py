"""What Stripe's objects and events say, as facts. An object says the same here whichever way it came."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from oltp.payments.facts import GatewayFact
from oltp.payments.gateways.stripe_amounts import from_stripe

_INTENTS = ("payment_intent.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
            "payment_intent.payment_failed")
_REFUNDS = ("refund.created", "refund.updated", "charge.refund.updated")
_DISPUTES = {"charge.dispute.funds_withdrawn": "charged_back",
             "charge.dispute.funds_reinstated": "charge_back_reversed"}


def facts_of_event(event: Mapping[str, Any]) -> list[GatewayFact]:
    """Return what a webhook's event says of our payments; most events say nothing of them.

    Errors: KeyError, TypeError, ValueError where it is not an event.
    """
    name, thing = str(event["type"]), event["data"]["object"]
    at, ref = moment(event["created"]), str(event["id"])
    if name in _INTENTS:
        return intent_facts(thing, attempt_id=_uuid(_metadata(thing).get("attempt_id")), at=at, event_ref=ref)
    if name in _REFUNDS and thing["status"] == "succeeded":
        return [refund_fact(thing, str(thing["payment_intent"]), at=at, event_ref=ref)]
    if name in _DISPUTES:
        return [GatewayFact(_DISPUTES[name], None, str(thing["payment_intent"]), str(thing["id"]),
                            *_money(thing, thing["amount"]), at, ref)]
    return []


def intent_facts(intent: Mapping[str, Any], *, attempt_id: UUID | None, at: datetime | None = None,
                 event_ref: str | None = None) -> list[GatewayFact]:
    """Return what an intent says of itself: nothing while the customer or his bank has not answered."""
    status, ref = str(intent["status"]), str(intent["id"])
    # An intent that is captured in part says so only in amount_received.
    received = intent.get("amount_received") or intent["amount"]
    error = intent.get("last_payment_error")
    kind, moved = {"requires_capture": ("authorized", intent["amount"]), "succeeded": ("captured", received),
                   "canceled": ("voided", 0)}.get(status, ("failed" if error else "", 0))
    if not kind:
        return []
    detail = {name: str(error[name])[:500] for name in ("code", "message") if error and error.get(name)}
    return [GatewayFact(kind, attempt_id, ref, ref, *_money(intent, moved),
                        at or moment(intent["created"]), event_ref or f"{ref}:{kind}", None, detail)]


def refund_fact(refund: Mapping[str, Any], intent_ref: str, *, at: datetime | None = None,
                event_ref: str | None = None) -> GatewayFact:
    """Return what a refund that came through says."""
    return GatewayFact(
        "refunded", None, intent_ref, str(refund["id"]), *_money(refund, refund["amount"]),
        at or moment(refund["created"]), event_ref or str(refund["id"]), _uuid(_metadata(refund).get("refund_id")))


def moment(seconds: float | str) -> datetime:
    """Return Stripe's time as a moment."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _money(thing: Mapping[str, Any], amount: int | str) -> tuple[int, str]:
    """Return an amount of one of Stripe's objects in minor units, and its currency."""
    currency = str(thing["currency"]).upper()
    return from_stripe(int(amount), currency), currency


def _metadata(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    found = thing.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
