"""What gateways call us for: checked over the raw bytes, kept as it came, refused or not, then applied."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.facts import CallbackRefused, GatewayFact
from oltp.payments.gateway import Gateway
from oltp.payments.models import GatewayEvent, PaymentAttempt, PaymentProviderConfig, Refund

# Of a body that nobody signed so much is kept.
KEPT_BYTES = 8_192
_LONGEST = 255


def keep_refused(session: Session, *, config: PaymentProviderConfig, body: bytes, reason: str, now: datetime) -> None:
    """Keep a callback that was refused, so that people can see what knocked."""
    kept = body[:KEPT_BYTES]
    session.add(GatewayEvent(
        id=new_id(), store_id=config.store_id, provider_config_id=config.id, external_ref=sha256(body).hexdigest(),
        name="refused", body={"base64": base64.b64encode(kept).decode()}, is_verified=False, refusal=reason,
        received_at=now))
    session.flush()


def keep_verified(
    session: Session, *, config: PaymentProviderConfig, body: bytes, facts: Sequence[GatewayFact], now: datetime
) -> GatewayEvent:
    """Keep a callback that its gateway signed, once however often it comes; return its row."""
    ref = facts[0].event_ref if facts else sha256(body).hexdigest()
    values = {
        "id": new_id(), "store_id": config.store_id, "provider_config_id": config.id, "external_ref": ref[:_LONGEST],
        "name": facts[0].kind if facts else "other", "body": _readable(body), "is_verified": True,
        "occurred_at": facts[0].occurred_at if facts else None, "received_at": now,
        # What says nothing of our payments is done with at once.
        "applied_at": None if facts else now}
    session.execute(insert(GatewayEvent).values(values).on_conflict_do_nothing())
    return session.scalars(select(GatewayEvent).where(
        GatewayEvent.store_id == config.store_id, GatewayEvent.provider_config_id == config.id,
        GatewayEvent.external_ref == values["external_ref"], GatewayEvent.is_verified)).one()


def apply_facts(
    session: Session, *, event: GatewayEvent, facts: Sequence[GatewayFact], clock: Clock
) -> set[UUID]:
    """Record what a callback says with the attempts it is about; return their ids.

    One of which we do not know the attempt yet is left to be applied later.
    """
    touched: set[UUID] = set()
    for fact in facts:
        attempt = _attempt_of(session, event=event, fact=fact)
        if attempt is None or attempt.currency != (fact.currency or attempt.currency):
            return touched
        record_entries(session, store_id=event.store_id, attempt_id=attempt.id, gateway_event_id=event.id, clock=clock,
                       external_ref=fact.external_ref, entries=[entry_of(fact)])
        touched.add(attempt.id)
        event.payment_attempt_id = attempt.id
    return touched


def read_again(event: GatewayEvent, gateway: Gateway) -> list[GatewayFact]:
    """Return the facts of a callback that was verified when it came. Errors: CallbackRefused."""
    raw = event.body.get("raw")
    if not isinstance(raw, str):
        raise CallbackRefused("the body can't be read")
    return gateway.read_callback(base64.b64decode(raw))


def entry_of(fact: GatewayFact) -> NewEntry:
    """Return the fact as it is recorded."""
    return NewEntry(fact.kind, fact.entry_ref, fact.amount, fact.occurred_at, fact.refund_id, fact.detail)


def _attempt_of(session: Session, *, event: GatewayEvent, fact: GatewayFact) -> PaymentAttempt | None:
    """Return what the fact is about, if it was paid through the account that says so: who can sign for a trial account
    moves no money of another one. For an account that was taken away a later one with the same gateway speaks.
    """
    store_id, owner, caller = event.store_id, aliased(PaymentProviderConfig), aliased(PaymentProviderConfig)
    accounts = (
        select(owner.id).join(caller, caller.store_id == owner.store_id)
        .where(owner.store_id == store_id, caller.id == event.provider_config_id, (owner.id == caller.id) | (
            owner.deleted_at.is_not(None) & (owner.gateway == caller.gateway) & (owner.is_test == caller.is_test))))
    query = select(PaymentAttempt).where(
        PaymentAttempt.store_id == store_id, PaymentAttempt.provider_config_id.in_(accounts))
    if fact.attempt_id is not None:
        return session.scalar(query.where(PaymentAttempt.id == fact.attempt_id))
    found = session.scalar(query.where(PaymentAttempt.external_ref == fact.external_ref)) if fact.external_ref else None
    if found is None and fact.refund_id is not None:
        paid = session.scalar(select(Refund.payment_attempt_id).where(
            Refund.store_id == store_id, Refund.id == fact.refund_id))
        return session.scalar(query.where(PaymentAttempt.id == paid)) if paid else None
    return found


def _readable(body: bytes) -> dict[str, Any]:
    """Return a body as it is kept: its bytes, which the signature covers, and its JSON for those who look."""
    kept: dict[str, Any] = {"raw": base64.b64encode(body).decode()}
    text = body.decode("utf-8", errors="replace")
    if "\\u0000" not in text and "\x00" not in text:
        found = json.loads(text)
        kept["json"] = found if isinstance(found, Mapping) else None
    return kept
