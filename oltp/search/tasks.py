"""Background work of search: documents follow the catalog."""

from uuid import UUID

from oltp.jobs.task import Task, Work
from oltp.search.actions import refresh_product

REFRESH_PRODUCT = "search.refresh_product"


def refresh(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Bring the search document of one product up to date; a deleted product loses its own."""
    with work.database.session_for(UUID(store_id)) as session:
        refresh_product(session, store_id=UUID(store_id), product_id=UUID(entity_id))


TASKS = (Task(REFRESH_PRODUCT, refresh),)
