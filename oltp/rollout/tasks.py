"""Background work of the rollout: the daily comparison that a capability's soak counts from."""

from oltp.jobs.task import Task, Work
from oltp.rollout.actions import check_parity
from oltp.rollout.queries import get_standing, is_contracted, list_stores


def check_stores(work: Work) -> None:
    """Compare legacy and new in every capability that is under way, store by store."""
    with work.database.owner_session() as session:
        if is_contracted(session):
            return
        stores = list_stores(session)
    for store in stores:
        with work.database.owner_session() as session:
            standing = get_standing(session, store_id=store.id)
        for capability, state in standing.items():
            if state.step != "off":
                check_parity(work.database, store_id=store.id, capability=capability, clock=work.clock)


TASKS = (Task("rollout.check_stores", check_stores, cron="31 2 * * *"),)
