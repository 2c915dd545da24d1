"""Writes of events: a batch as it is submitted, rejected ones once more, and request timings.

A batch is stored with few statements, each in the order of its keys: two clients that send the same batch at once
wait for each other instead of deadlocking, and each event is stored once.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.customers.actions import VisitorLink, ensure_visitor_subjects, link_visitors
from oltp.customers.queries import CustomerSubjects, find_customer_subjects
from oltp.events.errors import CaptureOff, TooManyEvents
from oltp.events.queries import find_held_range, find_months, is_capturing, list_replayable
from oltp.events.rules import (
    MAX_EVENTS,
    Event,
    Fault,
    Unconsented,
    canonical,
    judge,
    month_of,
    parse_rfc3339,
    printable,
    stated_id,
)
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace

Status = Literal["accepted", "duplicate", "rejected", "quarantined", "unconsented"]
STATUSES: tuple[Status, ...] = ("accepted", "duplicate", "rejected", "quarantined", "unconsented")
Judged = Event | Fault | Unconsented

_COLUMNS = {
    "event_id": "uuid", "occurred_at": "timestamptz", "corrected_at": "timestamptz", "received_at": "timestamptz",
    "sent_at": "timestamptz", "name": "text", "version": "smallint", "subject_id": "uuid", "is_bot": "boolean",
    "session_ref": "text", "product_id": "uuid", "order_id": "uuid", "utm_source": "text", "utm_medium": "text",
    "utm_campaign": "text", "utm_term": "text", "utm_content": "text", "click_id_kind": "text",
    "referrer_host": "text", "page_path": "text", "country": "text", "properties": "jsonb"}
_ADD_EVENTS = text(f"""
    INSERT INTO analytics_event (store_id, ingest_batch_id, {', '.join(_COLUMNS)})
    SELECT :store, :batch, {', '.join(f'r.{column}' for column in _COLUMNS)}
    FROM json_to_recordset(CAST(:rows AS json)) AS r ({', '.join(f'{c} {kind}' for c, kind in _COLUMNS.items())})
    ORDER BY r.event_id, r.occurred_at
    ON CONFLICT (store_id, event_id, occurred_at) DO NOTHING RETURNING event_id, occurred_at""")
_ADD_BATCH = text(f"""
    INSERT INTO ingest_batch (id, store_id, received_at, byte_count, request_id, received_count,
                              {', '.join(f'{status}_count' for status in STATUSES)})
    VALUES (:id, :store, :now, :bytes, :request, :received, {', '.join(f':{status}' for status in STATUSES)})""")
_ADD_REJECTED = text("""
    INSERT INTO rejected_event (store_id, ingest_batch_id, received_at, body, path, reason, code, is_quarantined)
    SELECT :store, :batch, :now, r.body, r.path, r.reason, r.code, r.is_quarantined
    FROM json_to_recordset(CAST(:rows AS json))
      AS r (body text, path text, reason text, code text, is_quarantined boolean)""")
_MARK_REPLAYED = text("""
    UPDATE rejected_event SET replayed_at = :now WHERE store_id = :store AND id = ANY(CAST(:ids AS uuid[]))""")
_ADD_TIMING = text("""
    INSERT INTO request_timing (store_id, route, method, status, duration_us, filter_flags, request_id,
                                correlation_id, occurred_at)
    VALUES (:store_id, :route, :method, :status, :duration_us, :filter_flags, :request_id, :correlation_id,
            :occurred_at)""")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; `fault` says why it was rejected or quarantined."""

    status: Status
    event_id: UUID | None
    fault: Fault | None = None


@dataclass(frozen=True)
class Ingestion:
    """What became of one batch; `outcomes` in the order of its events."""

    batch_id: UUID
    outcomes: list[Outcome]

    @property
    def counts(self) -> dict[str, int]:
        """How many events ended in each status; they add up to the number of events."""
        found = Counter(outcome.status for outcome in self.outcomes)
        return {status: found[status] for status in STATUSES}


def ingest(session: Session, *, store_id: UUID, events: Sequence[object], sent_at: datetime | None, byte_count: int,
           now: datetime) -> Ingestion:
    """Store a batch of submitted events with its counts; every event gets an outcome, none is lost.

    Errors: TooManyEvents, NestedTooDeeply, CaptureOff.
    """
    if not is_capturing(session, store_id=store_id):
        raise CaptureOff()
    if len(events) > MAX_EVENTS:
        raise TooManyEvents(count=len(events), limit=MAX_EVENTS)
    skew = now - sent_at if sent_at else timedelta()
    judged = [stamp(judge(item, received_at=now, skew=skew), received_at=now, sent_at=sent_at) for item in events]
    batch_id = new_id()
    outcomes = _place(session, store_id=store_id, batch_id=batch_id, judged=judged, items=events)
    ingestion = Ingestion(batch_id, outcomes)
    _record_batch(session, store_id=store_id, ingestion=ingestion, byte_count=byte_count, now=now)
    _record_rejected(session, store_id=store_id, ingestion=ingestion, events=events, sent_at=sent_at, now=now)
    return ingestion


def stamp(judged: Judged, *, received_at: datetime, sent_at: datetime | None) -> Judged:
    """Write into an event's row when it was sent and received."""
    if isinstance(judged, Event):
        judged.row["received_at"] = received_at.isoformat()
        judged.row["sent_at"] = sent_at.isoformat() if sent_at else None
    return judged


def replay_rejected(session: Session, *, store_id: UUID, now: datetime) -> Ingestion:
    """Judge again what was rejected or quarantined; what passes now is stored as of its first receipt.

    What passes is marked replayed and counted in a batch of its own; what fails again stays as it is. The result
    holds the outcomes of those that passed.
    """
    batch_id, passed, byte_count, after = new_id(), list[Outcome](), 0, None
    while page := list_replayable(session, store_id=store_id, after=after, limit=MAX_EVENTS):
        bodies = [json.loads(rejected.body) for rejected in page]
        judged = [_judge_again(body, rejected.received_at, now) for body, rejected in zip(bodies, page, strict=True)]
        outcomes = _place(session, store_id=store_id, batch_id=batch_id, judged=judged, items=bodies)
        good = [(rejected, outcome) for rejected, outcome in zip(page, outcomes, strict=True) if outcome.fault is None]
        session.execute(_MARK_REPLAYED, {"now": now, "store": store_id, "ids": [rejected.id for rejected, _ in good]})
        passed += [outcome for _, outcome in good]
        byte_count += sum(len(rejected.body.encode()) for rejected, _ in good)
        after = page[-1].id
    ingestion = Ingestion(batch_id, passed)
    if passed:
        _record_batch(session, store_id=store_id, ingestion=ingestion, byte_count=byte_count, now=now)
    return ingestion


def _judge_again(body: Mapping[str, Any], received_at: datetime, now: datetime) -> Judged:
    sent_at = parse_rfc3339(body["sent_at"]) if body.get("sent_at") else None
    skew = received_at - sent_at if sent_at else timedelta()
    return stamp(judge(body["events"][0], received_at=now, skew=skew), received_at=received_at, sent_at=sent_at)


def _place(session: Session, *, store_id: UUID, batch_id: UUID, judged: Sequence[Judged],
           items: Sequence[object]) -> list[Outcome]:
    customers = _customers_of(session, store_id=store_id, judged=judged)
    months = find_months(session, months={month_of(each.occurred_at) for each in judged if isinstance(each, Event)})
    is_outside = any(isinstance(each, Event) and month_of(each.occurred_at) not in months for each in judged)
    held = find_held_range(session) if is_outside else ""
    final = [_find_obstacle(each, months, held, customers) or each if isinstance(each, Event) else each
             for each in judged]
    fresh: dict[tuple[UUID, datetime], Event] = {}
    for each in final:
        if isinstance(each, Event):
            fresh.setdefault((each.event_id, each.occurred_at), each)
    stored = _add_events(session, store_id=store_id, batch_id=batch_id, events=list(fresh.values()),
                         customers=customers)
    accepted = {id(event) for key, event in fresh.items() if key in stored}
    return [_outcome(each, accepted, item) for each, item in zip(final, items, strict=True)]


def _outcome(judged: Judged, accepted: set[int], item: object) -> Outcome:
    if isinstance(judged, Fault):
        return Outcome("quarantined" if judged.is_quarantined else "rejected", stated_id(item), judged)
    if isinstance(judged, Unconsented):
        return Outcome("unconsented", stated_id(item))
    return Outcome("accepted" if id(judged) in accepted else "duplicate", judged.event_id)


def _customers_of(session: Session, *, store_id: UUID, judged: Sequence[Judged]) -> CustomerSubjects:
    events = [each for each in judged if isinstance(each, Event)]
    return find_customer_subjects(session, store_id=store_id, ids={e.customer_id for e in events if e.customer_id},
                                  emails={e.customer_email for e in events if e.customer_email})


def _find_obstacle(event: Event, months: set[str], held: str, customers: CustomerSubjects) -> Fault | None:
    """Return what only the database knows against an event."""
    if month_of(event.occurred_at) not in months:
        return Fault("no_partition", "occurred_at",
                     f"no events of {event.occurred_at:%Y-%m} are kept, only those of {held}")
    found = {customers.of_id(event.customer_id), customers.of_email(event.customer_email)} - {None}
    if (event.customer_id or event.customer_email) and not found:
        return Fault("unknown_customer", "customer_id" if event.customer_id else "customer_email",
                     "there is no such customer")
    if len(found) > 1:
        return Fault("ambiguous_customer", "customer_id", "customer_id and customer_email are two customers")
    return None


def _add_events(session: Session, *, store_id: UUID, batch_id: UUID, events: Sequence[Event],
                customers: CustomerSubjects) -> set[tuple[UUID, datetime]]:
    if not events:
        return set()
    visitors = ensure_visitor_subjects(
        session, store_id=store_id, visitor_ids={event.visitor_id for event in events if event.visitor_id})
    for event in events:
        subject = visitors[event.visitor_id] if event.visitor_id else _customer_of(event, customers)
        event.row |= {"event_id": str(event.event_id), "subject_id": str(subject) if subject else None}
    rows = json.dumps([event.row for event in events])
    answer = session.execute(_ADD_EVENTS, {"store": store_id, "batch": batch_id, "rows": rows})
    stored = {(row[0], row[1]) for row in answer}
    link_visitors(session, store_id=store_id, links=[
        VisitorLink(visitors[event.visitor_id], event.occurred_at, customer) for event in events
        if event.visitor_id and (event.event_id, event.occurred_at) in stored
        and (customer := _customer_of(event, customers))])
    return stored


def _customer_of(event: Event, customers: CustomerSubjects) -> UUID | None:
    return customers.of_id(event.customer_id) or customers.of_email(event.customer_email)


def _record_batch(session: Session, *, store_id: UUID, ingestion: Ingestion, byte_count: int, now: datetime) -> None:
    trace = current_trace()
    session.execute(_ADD_BATCH, {
        "id": ingestion.batch_id, "store": store_id, "now": now, "bytes": byte_count,
        "request": trace.request_id if trace else None, "received": len(ingestion.outcomes), **ingestion.counts})


def _record_rejected(session: Session, *, store_id: UUID, ingestion: Ingestion, events: Sequence[object],
                     sent_at: datetime | None, now: datetime) -> None:
    """Keep each refused event as a submission of its own, ready to be sent again."""
    rows = [
        {"body": canonical({"events": [item], "sent_at": sent_at.isoformat() if sent_at else None}),
         "path": printable(outcome.fault.path), "reason": printable(outcome.fault.reason),
         "code": outcome.fault.code, "is_quarantined": outcome.fault.is_quarantined}
        for item, outcome in zip(events, ingestion.outcomes, strict=True) if outcome.fault]
    if rows:
        session.execute(_ADD_REJECTED, {
            "store": store_id, "batch": ingestion.batch_id, "now": now, "rows": json.dumps(rows)})


def record_timings(session: Session, *, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write request timings; each row holds RequestTiming's columns without `id`."""
    # The app may add timings but not read them, so nothing may be RETURNED.
    session.execute(_ADD_TIMING, [dict(row) for row in rows])
