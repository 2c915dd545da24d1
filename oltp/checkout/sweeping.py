"""Sweeps of checkout: orders that nobody paid end."""

from uuid import UUID

from oltp.checkout.cancellation import CANCELLED_UNPAID, cancel
from oltp.checkout.queries import is_unpaid, list_unpaid
from oltp.jobs.task import Work
from oltp.orders.actions import take_order

BATCH = 100


def sweep_unpaid(work: Work) -> None:
    """Cancel orders whose time to be paid is over; stock and promotions are free again."""
    while True:
        with work.database.worker_session() as session:
            found = list_unpaid(session, now=work.clock.now(), limit=BATCH)
        ended = sum(_end_unpaid(work, store_id=store_id, order_id=order_id) for store_id, order_id in found)
        # None of a full batch ended: somebody else is at them.
        if len(found) < BATCH or not ended:
            return


def _end_unpaid(work: Work, *, store_id: UUID, order_id: UUID) -> bool:
    with work.database.session_for(store_id) as session:
        order = take_order(session, store_id=store_id, order_id=order_id)
        # Between finding it and having its lock, somebody may have paid.
        if not is_unpaid(session, store_id=store_id, order_id=order_id, now=work.clock.now()):
            return False
        cancel(session, order=order, reason=CANCELLED_UNPAID, clock=work.clock)
        return True
