"""Writes of the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.jobs.actions import enqueue
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.outbox.models import DomainEvent

# Name of the task that finds out what follows an event.
DISPATCH = "outbox.dispatch_event"


def record_event(session: Session, *, store_id: UUID, name: str, entity_type: str, entity_id: UUID,
                 payload: Mapping[str, Any], occurred_at: datetime, actor_type: str = "SYSTEM") -> DomainEvent:
    """Record a fact in the transaction that makes it true; ids come from the current trace, where there is one.

    `name` is noun.verb in the past, e.g. order.placed; `payload` must be JSON; `actor_type` USER, SYSTEM or JOB.
    The job that looks for its followers is put into the queue in the same transaction.
    """
    trace = current_trace()
    event = DomainEvent(
        id=new_id(), store_id=store_id, name=name, entity_type=entity_type, entity_id=entity_id, payload=dict(payload),
        occurred_at=occurred_at, actor_type=actor_type, request_id=trace.request_id if trace else None,
        correlation_id=trace.correlation_id if trace else None)
    session.add(event)
    session.flush()
    enqueue(session, task=DISPATCH, store_id=store_id, event_id=event.id)
    return event


# Of several facts of one transaction; one job looks for the followers of all.
DISPATCH_ALL = "outbox.dispatch_events"
_INSERT = text("""
    INSERT INTO domain_event (id, store_id, name, entity_type, entity_id, payload, occurred_at, actor_type, request_id,
                              correlation_id)
    SELECT id, :store, name, entity_type, entity_id, payload, :at, :actor, :request, :correlation
    FROM jsonb_to_recordset(CAST(:events AS jsonb))
      AS e (id uuid, name text, entity_type text, entity_id uuid, payload jsonb)""")


@dataclass(frozen=True)
class NewEvent:
    """A fact to be recorded; the fields are those of record_event()."""

    name: str
    entity_type: str
    entity_id: UUID
    payload: Mapping[str, Any]


def record_events(session: Session, *, store_id: UUID, events: Sequence[NewEvent], occurred_at: datetime,
                  actor_type: str = "SYSTEM") -> list[UUID]:
    """Record several facts of one transaction, in two statements however many they are; return their ids in order."""
    if not events:
        return []
    trace = current_trace()
    ids = [new_id() for _ in events]
    rows = [{"id": str(event_id), "name": event.name, "entity_type": event.entity_type,
             "entity_id": str(event.entity_id), "payload": dict(event.payload)}
            for event_id, event in zip(ids, events, strict=True)]
    session.execute(_INSERT, {
        "store": store_id, "at": occurred_at, "actor": actor_type, "events": json.dumps(rows, default=str),
        "request": trace.request_id if trace else None, "correlation": trace.correlation_id if trace else None})
    enqueue(session, task=DISPATCH_ALL, store_id=store_id, event_ids=[str(event_id) for event_id in ids])
    return ids
