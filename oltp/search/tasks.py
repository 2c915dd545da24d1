"""Background work of search: documents follow the catalog."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.jobs.actions import enqueue
from oltp.jobs.task import Task, Work
from oltp.search.actions import refresh_products
from oltp.search.naming import list_products_below, list_products_of_brand

REFRESH_PRODUCT = "search.refresh_product"
REFRESH_PRODUCTS = "search.refresh_products"
REFRESH_CATEGORY = "search.refresh_category"
REFRESH_BRAND = "search.refresh_brand"
# Documents of one job: nobody who changes one of these products waits for more.
BATCH = 200


def refresh(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Bring the search document of one product up to date; a deleted product loses its own."""
    with work.database.session_for(UUID(store_id)) as session:
        refresh_products(session, store_id=UUID(store_id), product_ids=[UUID(entity_id)])


def refresh_batch(work: Work, *, store_id: str, product_ids: list[str]) -> None:
    """Do so for several products."""
    with work.database.session_for(UUID(store_id)) as session:
        refresh_products(session, store_id=UUID(store_id), product_ids=[UUID(each) for each in product_ids])


def refresh_category(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Enqueue the products of a category that has changed and of all below it: their documents name its path."""
    with work.database.session_for(UUID(store_id)) as session:
        ids = list_products_below(session, store_id=UUID(store_id), category_id=UUID(entity_id))
        _enqueue(session, store_id=store_id, product_ids=ids)


def refresh_brand(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Enqueue the products of a brand that has changed: their documents name it."""
    with work.database.session_for(UUID(store_id)) as session:
        ids = list_products_of_brand(session, store_id=UUID(store_id), brand_id=UUID(entity_id))
        _enqueue(session, store_id=store_id, product_ids=ids)


def _enqueue(session: Session, *, store_id: str, product_ids: Sequence[UUID]) -> None:
    for start in range(0, len(product_ids), BATCH):
        enqueue(session, task=REFRESH_PRODUCTS, store_id=store_id, product_ids=product_ids[start : start + BATCH])


TASKS = (
    Task(REFRESH_PRODUCT, refresh),
    Task(REFRESH_PRODUCTS, refresh_batch),
    Task(REFRESH_CATEGORY, refresh_category),
    Task(REFRESH_BRAND, refresh_brand),
)
