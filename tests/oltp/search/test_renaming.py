"""A category or brand with another name is in the documents of its products, by way of the queue."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.brands import update_brand
from oltp.catalog.categories import update_category
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS, TASKS
from oltp.jobs.app import create_app
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.search import tasks
from tests.oltp.search.shop import Offer, add_brand, add_category, fill_store

DOCUMENTS = text("SELECT brand || '/' || category_path FROM product_search_document WHERE sku <> 'X' ORDER BY sku")
LATER = text("UPDATE product_search_document SET updated_at = '2000-01-01' WHERE sku = 'X'")

UNTOUCHED = text("SELECT count(*) FROM product_search_document WHERE updated_at = '2000-01-01'")
Changed = Callable[[Callable[[Session, UUID, UUID], object]], tuple[set[str], list[int]]]


def work_off(database: Database, clock: FixedClock) -> None:
    """Do everything that is in the queue."""
    async def run() -> None:
        app = create_app(TASKS, Work(database, clock, FOLLOWERS))
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(run())


@pytest.fixture
def changed(
    database: Database, store: UUID, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Changed:
    """A function that changes a category (with another below it) or the brand of five products, and lets the queue
    work; it returns what the documents say of both, and how many products each job had.
    """
    monkeypatch.setattr(tasks, "BATCH", 2)

    def change(act: Callable[[Session, UUID, UUID], object]) -> tuple[set[str], list[int]]:
        with database.session_for(store) as session:
            root, brand = add_category(session, store, "Lamps"), add_brand(session, store, "Lux")
            leaf = add_category(session, store, "Desk", root)
        fill_store(database, store, [
            Offer("Other", "X"), *(Offer(f"Lamp {n}", f"L{n}", brand_id=brand, category_id=leaf) for n in range(5))])
        with database.session_for(store) as session:
            session.execute(LATER)
            act(session, root, brand)
        work_off(database, clock)
        with database.session_for(store) as session:
            assert session.scalar(UNTOUCHED) == 1
            said = set(session.scalars(DOCUMENTS))
        with database.owner_session() as session:
            sizes = session.scalars(text(
                "SELECT jsonb_array_length(args -> 'product_ids') FROM procrastinate.procrastinate_jobs "
                "WHERE task_name = 'search.refresh_products' AND status = 'succeeded' ORDER BY id")).all()
        return said, list(sizes)

    return change


def test_a_renamed_category_is_named_by_all_below_it(store: UUID, clock: FixedClock, changed: Changed) -> None:
    assert changed(lambda session, root, brand: update_category(
        session, store_id=store, category_id=root, changes={"name": "Lights"}, clock=clock),
    ) == ({"Lux/Lights > Desk"}, [2, 2, 1])


def test_a_renamed_brand_is_named_by_its_products(store: UUID, clock: FixedClock, changed: Changed) -> None:
    assert changed(lambda session, root, brand: update_brand(
        session, store_id=store, brand_id=brand, changes={"name": "Nox"}, clock=clock),
    ) == ({"Nox/Lamps > Desk"}, [2, 2, 1])
