"""Sweeps of checkout: orders that nobody paid end, and money of cancelled orders goes back if a crash kept it."""

from uuid import UUID

import structlog

from oltp.checkout.cancellation import CANCELLED_UNPAID, DEFAULT, cancel
from oltp.checkout.queries import is_unpaid, list_owing, list_unpaid
from oltp.checkout.settling import return_money
from oltp.db.transactions import Transactions
from oltp.jobs.task import Work
from oltp.kit.errors import Refusal
from oltp.orders.actions import take_order
from oltp.payments.gateway import Gateways

BATCH = 100
_log = structlog.get_logger("oltp.checkout.sweeping")


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


def return_owed(work: Work) -> None:
    """Give back the money of cancelled orders that is still there: whoever cancelled them died in between.

    Without gateways nothing is done. One order's refusal doesn't keep the others' money.
    """
    gateways = work.gateways
    if not isinstance(gateways, Gateways):
        return
    with work.database.worker_session() as session:
        found = list_owing(session, now=work.clock.now(), limit=BATCH)
    for row in found:
        try:
            return_money(Transactions(work.database, row.store_id), gateways=gateways, order_id=row.id,
                         reason=row.cancel_reason or DEFAULT, clock=work.clock)
        except Refusal as refusal:
            _log.warning("money_not_returned", order_id=str(row.id), code=refusal.code)
