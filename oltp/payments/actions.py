"""Writes of payments, each within one transaction: attempts, and what is said of them.

An order's lock guards all its payments: whoever records something of them holds it, so balances are never computed
twice at once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_order
from oltp.kit.clock import Clock, SystemClock
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.outbox.actions import NewEvent, record_events
from oltp.payments.errors import AttemptNotFound
from oltp.payments.models import PaymentAttempt
from oltp.payments.refund_rows import follow_refund_entries, promised_amount
from oltp.payments.rules import Balances, Entry, fold
from oltp.payments.states import EVENTS

_CLOCK: Clock = SystemClock()
_LONGEST_REF, _LONGEST_REASON = 255, 500
_INSERT = text("""
    INSERT INTO payment_entry (store_id, payment_attempt_id, kind, amount, external_ref, gateway_event_id, detail,
                               correlation_id, request_id, occurred_at)
    SELECT :store, :attempt, kind, amount, external_ref, :event, detail, :correlation, :request, occurred_at
    FROM jsonb_to_recordset(CAST(:entries AS jsonb))
      AS e (kind text, amount bigint, external_ref text, detail jsonb, occurred_at timestamptz)
    ON CONFLICT DO NOTHING""")
_ENTRIES = text("""
    SELECT kind, external_ref, amount, detail, occurred_at FROM payment_entry
    WHERE store_id = :store AND payment_attempt_id = :attempt ORDER BY id""")


@dataclass(frozen=True)
class NewEntry:
    """A fact to be recorded; the fields are those of rules.Entry and of facts.GatewayFact."""

    kind: str
    external_ref: str
    amount: int = 0
    occurred_at: datetime | None = None
    refund_id: UUID | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


def create_attempt(
    session: Session, *, store_id: UUID, order_id: UUID, provider_config_id: UUID | None, gateway: str, method: str,
    amount: int, currency: str,
) -> PaymentAttempt:
    """Note that so much is to be collected for an order. Nobody is asked yet: that is charge_attempt()."""
    trace = current_trace()
    attempt = PaymentAttempt(
        id=new_id(), store_id=store_id, order_id=order_id, provider_config_id=provider_config_id, gateway=gateway,
        status="created", method=method, amount=amount, currency=currency, authorized_amount=0, captured_amount=0,
        refunded_amount=0, charged_back_amount=0, correlation_id=trace.correlation_id if trace else None,
        request_id=trace.request_id if trace else None)
    session.add(attempt)
    session.flush()
    return attempt


def take_attempt(session: Session, *, store_id: UUID, attempt_id: UUID) -> PaymentAttempt:
    """Return the attempt under its order's lock, as the database has it now. Errors: AttemptNotFound."""
    attempt = find_attempt(session, store_id=store_id, attempt_id=attempt_id)
    if attempt is None or not lock_order(session, store_id=store_id, order_id=attempt.order_id):
        raise AttemptNotFound(attempt_id=attempt_id)
    session.refresh(attempt)
    return attempt


def find_attempt(session: Session, *, store_id: UUID, attempt_id: UUID) -> PaymentAttempt | None:
    """Return the attempt as the database has it now, None where there is none."""
    return session.scalar(
        select(PaymentAttempt).where(PaymentAttempt.store_id == store_id, PaymentAttempt.id == attempt_id)
        .execution_options(populate_existing=True))


def list_entries(session: Session, *, store_id: UUID, attempt_id: UUID) -> list[NewEntry]:
    """Return everything that is known of an attempt, oldest first."""
    rows = session.execute(_ENTRIES, {"store": store_id, "attempt": attempt_id})
    return [NewEntry(row.kind, row.external_ref, row.amount, row.occurred_at, _refund_of(row.detail), row.detail)
            for row in rows]


def record_entries(
    session: Session, *, store_id: UUID, attempt_id: UUID, entries: Sequence[NewEntry],
    external_ref: str | None = None, gateway_event_id: UUID | None = None, clock: Clock = _CLOCK,
) -> PaymentAttempt:
    """Record facts, each once, and let balances, status and refunds follow from all that is known.

    In which order, or how often, they are recorded does not matter. With no new facts, the attempt follows what is
    known (a refund that failed may have freed money for a charge back). Errors: AttemptNotFound.
    """
    attempt = take_attempt(session, store_id=store_id, attempt_id=attempt_id)
    if entries:
        _insert(session, attempt=attempt, entries=entries, gateway_event_id=gateway_event_id, clock=clock)
    known = list_entries(session, store_id=store_id, attempt_id=attempt_id)
    promised = promised_amount(session, attempt=attempt)
    folded = fold(attempt.amount, [Entry(each.kind, each.external_ref, each.amount) for each in known],
                  promised=promised)
    events = _follow(session, attempt=attempt, folded=folded, known=known, external_ref=external_ref, clock=clock)
    events += follow_refund_entries(
        session, attempt=attempt, now=clock.now(),
        entries=[(each.external_ref, each.amount, each.refund_id) for each in known if each.kind == "refunded"])
    record_events(session, store_id=store_id, events=events, occurred_at=clock.now())
    session.refresh(attempt)
    return attempt


def facts_of(attempt: PaymentAttempt) -> dict[str, Any]:
    """Return what every event of an attempt says."""
    return {"payment_attempt_id": str(attempt.id), "order_id": str(attempt.order_id), "gateway": attempt.gateway,
            "status": attempt.status, "currency": attempt.currency, "amount": attempt.amount,
            "authorized_amount": attempt.authorized_amount, "captured_amount": attempt.captured_amount,
            "charged_back_amount": attempt.charged_back_amount}


def _insert(session: Session, *, attempt: PaymentAttempt, entries: Sequence[NewEntry],
            gateway_event_id: UUID | None, clock: Clock) -> None:
    trace = current_trace()
    rows = [{"kind": each.kind, "amount": max(0, each.amount), "external_ref": each.external_ref[:_LONGEST_REF],
             "detail": _detail(each), "occurred_at": (each.occurred_at or clock.now()).isoformat()}
            for each in entries]
    session.execute(_INSERT, {
        "store": attempt.store_id, "attempt": attempt.id, "entries": json.dumps(rows), "event": gateway_event_id,
        "correlation": trace.correlation_id if trace else attempt.correlation_id,
        "request": trace.request_id if trace else attempt.request_id})


def _detail(entry: NewEntry) -> dict[str, str]:
    # Postgres's jsonb holds any character but this one.
    detail = {name: value.replace("\x00", "")[:_LONGEST_REASON] for name, value in entry.detail.items()}
    return detail if entry.refund_id is None else {**detail, "refund_id": str(entry.refund_id)}


def _refund_of(detail: Mapping[str, Any]) -> UUID | None:
    return UUID(detail["refund_id"]) if "refund_id" in detail else None


def _follow(session: Session, *, attempt: PaymentAttempt, folded: Balances, known: Sequence[NewEntry],
            external_ref: str | None, clock: Clock) -> list[NewEvent]:
    """Write the balances, which never break the attempt's checks in between; return what is new."""
    before = (attempt.status, attempt.captured_amount, attempt.charged_back_amount)
    attempt.status, attempt.authorized_amount = folded.status, folded.authorized
    attempt.captured_amount, attempt.charged_back_amount = folded.captured, folded.charged_back
    attempt.external_ref = attempt.external_ref or external_ref
    failure = next((each.detail for each in known if each.kind == "failed"), {}) if folded.status == "failed" else {}
    attempt.failure_code, attempt.failure_reason = failure.get("code"), failure.get("reason", failure.get("message"))
    if session.is_modified(attempt):
        attempt.updated_at = clock.now()
    session.flush()
    names: list[str] = []
    if before[0] != attempt.status or before[1] != attempt.captured_amount:
        names += [EVENTS[attempt.status]] if attempt.status in EVENTS else []
    if before[2] != attempt.charged_back_amount:
        names.append("payment.charged_back")
    return [NewEvent(name, "payment_attempt", attempt.id, facts_of(attempt)) for name in names]
