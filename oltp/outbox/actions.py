"""Writes of the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.jobs.actions import DEFER, job_values
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace

# Name of the task that finds out what follows events: one job for all of a transaction.
DISPATCH = "outbox.dispatch_events"
# The job's call comes after the facts in one statement: every change of stock or of an order makes this round trip.
_INSERT = text(f"""
    WITH kept AS (
      INSERT INTO domain_event (id, store_id, name, entity_type, entity_id, payload, occurred_at, actor_type,
                                request_id, correlation_id)
      SELECT id, :store, name, entity_type, entity_id, payload, :at, :actor, :request, :correlation
      FROM jsonb_to_recordset(CAST(:events AS jsonb))
        AS e (id uuid, name text, entity_type text, entity_id uuid, payload jsonb))
    SELECT {DEFER}""")


@dataclass(frozen=True)
class NewEvent:
    """A fact to be recorded; the fields are those of record_event()."""

    name: str
    entity_type: str
    entity_id: UUID
    payload: Mapping[str, Any]


def record_event(session: Session, *, store_id: UUID, name: str, entity_type: str, entity_id: UUID,
                 payload: Mapping[str, Any], occurred_at: datetime, actor_type: str = "SYSTEM") -> None:
    """Record a fact in the transaction that makes it true; ids come from the current trace, where there is one.

    `name` is noun.verb in the past, e.g. order.placed; `payload` must be JSON; `actor_type` USER, SYSTEM or JOB.
    The job that looks for its followers is put into the queue in the same transaction.
    """
    record_events(session, store_id=store_id, events=[NewEvent(name, entity_type, entity_id, payload)],
                  occurred_at=occurred_at, actor_type=actor_type)


def record_events(session: Session, *, store_id: UUID, events: Sequence[NewEvent], occurred_at: datetime,
                  actor_type: str = "SYSTEM") -> list[UUID]:
    """Record several facts of one transaction, in one statement however many they are; return their ids in order."""
    if not events:
        return []
    trace = current_trace()
    ids = [new_id() for _ in events]
    rows = [{"id": event_id, "name": event.name, "entity_type": event.entity_type, "entity_id": event.entity_id,
             "payload": dict(event.payload)} for event_id, event in zip(ids, events, strict=True)]
    # What the session still holds back belongs before the fact that tells of it.
    session.flush()
    session.execute(_INSERT, {
        "store": store_id, "at": occurred_at, "actor": actor_type, "events": json.dumps(rows, default=str),
        "request": trace.request_id if trace else None, "correlation": trace.correlation_id if trace else None,
        **job_values(DISPATCH, store_id=store_id, event_ids=ids)})
    return ids
