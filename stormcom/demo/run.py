"""Load the demo shops: one organization, one merchant, three stores; each store in one transaction of its own."""

import time
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import text

from oltp.db.planning import count_rows_anew
from oltp.db.session import Database
from oltp.kit.clock import Clock
from stormcom.demo.keys import named_key
from stormcom.demo.loading import add_store, load_tables
from stormcom.demo.report import DemoReport, StoreReport
from stormcom.demo.shop_data import ShopData, local_day, make_shop
from stormcom.demo.shops import SHOPS, Shop

MERCHANT_EMAIL = "merchant@demo.stormcom.test"
ORGANIZATION_NAME, ORGANIZATION_SLUG = "StormCom Demo", "stormcom-demo"

ADD_ORGANIZATION = text(
    "INSERT INTO organizations (id, name, slug) VALUES (:id, :name, :slug) ON CONFLICT DO NOTHING")
ADD_MERCHANT = text("""
    INSERT INTO users (id, name, email, email_verified) VALUES (:id, 'Demo Merchant', :email, :now)
    ON CONFLICT DO NOTHING""")
ADD_MEMBERSHIP = text("""
    INSERT INTO memberships (user_id, organization_id, role)
    SELECT u.id, o.id, 'OWNER' FROM users u, organizations o WHERE u.email = :email AND o.slug = :slug
    ON CONFLICT (user_id, organization_id) DO NOTHING""")


class Bar:
    """One line of the progress display, or nothing where nobody watches."""

    def __init__(self, progress: Progress | None, name: str) -> None:
        self._progress = progress
        self._task = None if progress is None else progress.add_task(name, total=None)
        self._total = 1

    def set_total(self, total: int) -> None:
        self._total = total
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=total)

    def advance(self, count: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)

    def finish(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=self._total, completed=self._total)


def load_demo(
    database: Database, *, clock: Clock, seed: int = 7, scale: float = 1.0, progress: Progress | None = None
) -> DemoReport:
    """Create what is missing of the demo: a store whose slug exists is left as it is and reported.

    ``scale`` shrinks customers, orders and events (not products). A run that died leaves no half store: the next one
    makes those that are missing. The same seed on the same day makes the same rows.
    """
    began = time.perf_counter()
    organization_id = _ensure_merchant(database, clock=clock)
    stores = tuple(
        _ensure_store(database, shop, organization_id, clock=clock, seed=seed, scale=scale, progress=progress)
        for shop in SHOPS)
    count_rows_anew(database)
    return DemoReport(MERCHANT_EMAIL, seed, stores, time.perf_counter() - began)


def _ensure_merchant(database: Database, *, clock: Clock) -> UUID:
    """The organization and its owner; only the database's owner may make them, nobody is signed in yet."""
    with database.owner_session() as session:
        session.execute(ADD_ORGANIZATION, {
            "id": named_key("organization"), "name": ORGANIZATION_NAME, "slug": ORGANIZATION_SLUG})
        session.execute(ADD_MERCHANT, {"id": named_key("merchant"), "email": MERCHANT_EMAIL, "now": clock.now()})
        session.execute(ADD_MEMBERSHIP, {"email": MERCHANT_EMAIL, "slug": ORGANIZATION_SLUG})
        found = session.scalar(text("SELECT id FROM organizations WHERE slug = :slug"), {"slug": ORGANIZATION_SLUG})
    assert isinstance(found, UUID)
    return found


def _ensure_store(
    database: Database, shop: Shop, organization_id: UUID, *, clock: Clock, seed: int, scale: float,
    progress: Progress | None,
) -> StoreReport:
    began = time.perf_counter()
    bar = Bar(progress, f"Demo shop {shop.slug}")
    rows: dict[str, int] = {}
    if _find_store(database, shop.slug) is None:
        data = make_shop(shop, today=local_day(shop, clock.now()), seed=seed, scale=scale)
        bar.set_total(sum(frame.height for frame in data.tables.values()))
        rows = _write(database, data, organization_id, bar)
    bar.finish()
    # Asked again: a second loader may have been quicker.
    store_id = _find_store(database, shop.slug)
    assert store_id is not None
    return StoreReport(shop.slug, store_id, bool(rows), rows, time.perf_counter() - began)


def _find_store(database: Database, slug: str) -> UUID | None:
    """Also a deleted store keeps its slug, so the owner is asked."""
    with database.owner_session() as session:
        found = session.scalar(text("SELECT id FROM stores WHERE slug = :slug"), {"slug": slug})
    return found if isinstance(found, UUID) else None


def _write(database: Database, data: ShopData, organization_id: UUID, bar: Bar) -> dict[str, int]:
    """Write a store and everything in it in one transaction; nothing if its slug was taken meanwhile."""
    stated = data.tables["analytics_event"]["occurred_at"]
    with database.owner_session() as session:
        session.execute(text("SELECT ensure_event_partitions(CAST(:first AS date), CAST(:last AS date))"),
                        {"first": stated.min(), "last": stated.max()})
    with database.session_for(UUID(data.store_id)) as session:
        if not add_store(session, data=data, organization_id=organization_id):
            return {}
        return load_tables(session, data=data, told=bar.advance)
