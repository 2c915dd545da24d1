"""Background work of merchandising: collections by rule follow products, prices and stock."""

from uuid import UUID

from oltp.jobs.task import Task, Work
from oltp.merchandising.collections_filling import fill_collection, refresh_products
from oltp.merchandising.collections_queries import find_product_of, list_rule_collections, list_stores_with_rules

REFRESH_PRODUCT = "merchandising.refresh_product"
REFRESH_VARIANT = "merchandising.refresh_variant"
FILL_STORE = "merchandising.fill_store"


def follow_product(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Bring one product's places in collections by rule up to date."""
    with work.database.session_for(UUID(store_id)) as session:
        refresh_products(session, store_id=UUID(store_id), product_ids=[UUID(entity_id)])


def follow_variant(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Do so for the product of a variant whose stock has changed."""
    with work.database.session_for(UUID(store_id)) as session:
        product_id = find_product_of(session, store_id=UUID(store_id), variant_id=UUID(entity_id))
        if product_id is not None:
            refresh_products(session, store_id=UUID(store_id), product_ids=[product_id])


def fill_store(work: Work, *, store_id: str, entity_id: str = "", event_id: str = "") -> None:
    """Fill all of a store's collections by rule anew, each in a transaction of its own."""
    with work.database.session_for(UUID(store_id)) as session:
        ids = list_rule_collections(session, store_id=UUID(store_id))
    for collection_id in ids:
        with work.database.session_for(UUID(store_id)) as session:
            fill_collection(session, store_id=UUID(store_id), collection_id=collection_id)


def fill_all(work: Work) -> None:
    """Fill the collections by rule of every store anew: prices begin and end by the clock, and no event says so."""
    with work.database.worker_session() as session:
        stores = list_stores_with_rules(session)
    for store_id in stores:
        fill_store(work, store_id=str(store_id))


TASKS: tuple[Task, ...] = (
    Task(REFRESH_PRODUCT, follow_product),
    Task(REFRESH_VARIANT, follow_variant),
    Task(FILL_STORE, fill_store),
    Task("merchandising.fill_all", fill_all, cron="23 * * * *"),
)
