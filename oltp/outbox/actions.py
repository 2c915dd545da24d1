"""Writes of the outbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

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
