"""Background work of the room `customers`: statistics and segments follow orders, customers and rules."""

from uuid import UUID

from oltp.customers.membership import refresh_customer, refresh_segment
from oltp.customers.statistics import find_customer_of_order, refresh_statistics
from oltp.jobs.task import Task, Work

FOLLOW_ORDER = "customers.follow_order"
FOLLOW_CUSTOMER = "customers.follow_customer"
FOLLOW_SEGMENT = "customers.follow_segment"
# Task → names of the domain events that it follows.
FOLLOWED = {
    FOLLOW_ORDER: ("order.placed", "order.updated", "order.cancelled", "order.reactivated", "order.deleted"),
    FOLLOW_CUSTOMER: ("customer.created", "customer.updated", "customer.values_changed"),
    FOLLOW_SEGMENT: ("segment.created", "segment.updated"),
}
BATCH = 500


def follow_order(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Count the orders of the customer whose order has changed, and look at his segments."""
    with work.database.session_for(UUID(store_id)) as session:
        customer_id = find_customer_of_order(session, store_id=UUID(store_id), order_id=UUID(entity_id))
        if customer_id is not None:
            refresh_statistics(session, store_id=UUID(store_id), customer_id=customer_id)
            refresh_customer(session, store_id=UUID(store_id), customer_id=customer_id, at=work.clock.now())


def follow_customer(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Look at the segments of a customer who has changed."""
    with work.database.session_for(UUID(store_id)) as session:
        refresh_customer(session, store_id=UUID(store_id), customer_id=UUID(entity_id), at=work.clock.now())


def follow_segment(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Look at every customer for a segment that has changed, a batch in a transaction."""
    after: UUID | None = None
    while True:
        with work.database.session_for(UUID(store_id)) as session:
            after = refresh_segment(session, store_id=UUID(store_id), segment_id=UUID(entity_id), after=after,
                                    limit=BATCH, at=work.clock.now())
        if after is None:
            return


TASKS: tuple[Task, ...] = (
    Task(FOLLOW_ORDER, follow_order),
    Task(FOLLOW_CUSTOMER, follow_customer),
    Task(FOLLOW_SEGMENT, follow_segment),
)
