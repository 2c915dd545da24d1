"""Background work of the outbox: what follows a domain event."""

from uuid import UUID

from oltp.jobs.actions import enqueue
from oltp.jobs.task import Task, Work
from oltp.outbox.actions import DISPATCH, DISPATCH_ALL
from oltp.outbox.models import DomainEvent


def dispatch_events(work: Work, *, store_id: str, event_ids: list[str]) -> None:
    """Enqueue the tasks that follow the events, as dispatch_event does."""
    for event_id in event_ids:
        dispatch_event(work, store_id=store_id, event_id=event_id)


def dispatch_event(work: Work, *, store_id: str, event_id: str) -> None:
    """Enqueue the tasks that follow the event; each is given store_id, event_id and entity_id."""
    with work.database.session_for(UUID(store_id)) as session:
        event = session.get(DomainEvent, UUID(event_id))
        if event is None:
            return  # the store was erased meanwhile
        for name in work.followers.get(event.name, ()):
            enqueue(
                session, task=name, lock=f"{name}:{event.entity_id}", store_id=store_id, event_id=event_id,
                entity_id=event.entity_id,
            )


TASKS = (Task(DISPATCH, dispatch_event), Task(DISPATCH_ALL, dispatch_events))
