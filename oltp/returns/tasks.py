"""Background work of returns: one whose money came through only later is finished then."""

from uuid import UUID

from oltp.jobs.task import Task, Work
from oltp.returns.queries import find_return_of_refund
from oltp.returns.refunding import finish_return

FINISH_RETURN = "returns.finish_return"


def finish(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Finish the return that a processed refund belongs to, if any waits for it; done again, nothing changes."""
    store = UUID(store_id)
    with work.database.session_for(store) as session:
        return_id = find_return_of_refund(session, store_id=store, refund_id=UUID(entity_id))
        if return_id is not None:
            finish_return(session, store_id=store, return_id=return_id, clock=work.clock)


TASKS: tuple[Task, ...] = (Task(FINISH_RETURN, finish),)
