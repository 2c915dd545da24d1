"""Background work of shipping: an order that is released, or loses units, may be all sent by that."""

from uuid import UUID

from oltp.db.locking import lock_order
from oltp.jobs.task import Task, Work
from oltp.shipping.following import follow_order

FOLLOW_ORDER = "shipping.follow_order"


def follow(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Let the order follow its fulfilments; done again, nothing changes."""
    store, order = UUID(store_id), UUID(entity_id)
    with work.database.session_for(store) as session:
        if lock_order(session, store_id=store, order_id=order):
            follow_order(session, store_id=store, order_id=order, clock=work.clock)


TASKS: tuple[Task, ...] = (Task(FOLLOW_ORDER, follow),)
