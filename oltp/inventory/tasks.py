"""Background work of the room `inventory`: expired reservations are swept away, low stock is noticed."""

from itertools import groupby
from uuid import UUID

from oltp.inventory.noticing import note_low_stock
from oltp.inventory.queries import list_expired_keys
from oltp.inventory.reserving import free_expired
from oltp.jobs.task import Task, Work

BATCH = 200
LOW_STOCK = "inventory.note_low_stock"


def sweep_reservations(work: Work) -> None:
    """Delete the expired reservations of every store, a batch of variants of one store in a transaction."""
    after: tuple[UUID, UUID] | None = None
    while True:
        with work.database.worker_session() as session:
            keys = list_expired_keys(session, after=after, limit=BATCH)
        for store_id, group in groupby(keys, key=lambda key: key[0]):
            with work.database.session_for(store_id) as session:
                free_expired(session, store_id=store_id, variant_ids=[variant_id for _, variant_id in group])
        if len(keys) < BATCH:
            return
        after = keys[-1]


def notice(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Write the notice of a variant that ran low, once per event."""
    with work.database.session_for(UUID(store_id)) as session:
        note_low_stock(session, store_id=UUID(store_id), event_id=UUID(event_id))


TASKS: tuple[Task, ...] = (
    Task("inventory.sweep_reservations", sweep_reservations, cron="* * * * *"),
    Task(LOW_STOCK, notice),
)
