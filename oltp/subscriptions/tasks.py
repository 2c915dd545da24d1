"""Background work of the room `subscriptions`: periods that have begun are billed, failed payments tried again."""

import logging

from oltp.db.transactions import Transactions
from oltp.jobs.task import Task, Work
from oltp.payments.gateway import Gateways
from oltp.subscriptions.billing import run_subscription
from oltp.subscriptions.queries import list_due

BATCH = 100
log = logging.getLogger(__name__)


def run_cycles(work: Work) -> None:
    """Bill what is due in every store. One subscription that breaks does not keep the others from being billed."""
    gateways = work.gateways
    if not isinstance(gateways, Gateways):
        raise TypeError("The worker was started without payment gateways.")
    with work.database.worker_session() as session:
        due = list_due(session, now=work.clock.now(), limit=BATCH)
    broken: Exception | None = None
    for store_id, subscription_id in due:
        try:
            run_subscription(Transactions(work.database, store_id), gateways=gateways,
                             subscription_id=subscription_id, clock=work.clock)
        except Exception as error:
            log.exception("subscription %s of store %s could not be billed", subscription_id, store_id)
            broken = error
    if broken is not None:
        raise broken


TASKS: tuple[Task, ...] = (Task("subscriptions.run_cycles", run_cycles, cron="*/5 * * * *"),)
