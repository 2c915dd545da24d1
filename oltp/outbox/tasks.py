"""Background work of the outbox: what follows domain events."""

from uuid import UUID

from oltp.jobs.actions import enqueue
from oltp.jobs.task import Task, Work
from oltp.outbox.actions import DISPATCH
from oltp.outbox.models import DomainEvent


def dispatch_events(work: Work, *, store_id: str, event_ids: list[str]) -> None:
    """Enqueue the tasks that follow the events; each is given store_id, event_id and entity_id."""
    with work.database.session_for(UUID(store_id)) as session:
        for event_id in event_ids:
            event = session.get(DomainEvent, UUID(event_id))
            if event is None:
                return  # the store was erased meanwhile
            for name in work.followers.get(event.name, ()):
                enqueue(
                    session, task=name, lock=f"{name}:{event.entity_id}", store_id=store_id, event_id=event_id,
                    entity_id=event.entity_id,
                )


TASKS = (Task(DISPATCH, dispatch_events),)
