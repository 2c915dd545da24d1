"""Listing products after collections, prices and stock in rows, beside the baseline's listing, in the same run.

Usage: python -m benchmarks.listing [PRODUCTS] [PAIRS]. 50 stores, a third of all products in the largest. Two databases
on one server: the legacy baseline (revision 0001), and the newest schema under row-level security. Each pair reads the
same page of the same store on both sides, in random order, so that noise hits both. Printed: p95 of each, their ratio
with its 95 % interval (bootstrap over pairs). The limit is 1.05.

Two baselines: the legacy program's page by offset, and, stricter, today's page by key on the baseline's indexes.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import text

from benchmarks._listing_data import STORES, fill_baseline, fill_newest
from oltp.db.embedded import EmbeddedPostgres
from oltp.db.roles import prepare_database
from oltp.db.session import Database
from oltp.merchandising.queries import ListingFilter, Place, list_products
from stormcom.schema import upgrade

PAGE = 20
DEEPEST = 10
LIMIT = 1.05
DRAWS = 2000

_JOINED = """
    SELECT p.*, c.slug AS category_slug, c.name AS category_name, b.slug AS brand_slug, b.name AS brand_name
    FROM products p LEFT JOIN categories c ON c.id = p.category_id LEFT JOIN brands b ON b.id = p.brand_id
    WHERE p.store_id = :store AND p.status = 'ACTIVE' AND p.deleted_at IS NULL"""
BY_OFFSET = text(f"{_JOINED} ORDER BY p.created_at DESC LIMIT {PAGE} OFFSET :offset")
BY_KEY = text(f"{_JOINED} AND (p.created_at, p.id) < (:place, :last) "
              f"ORDER BY p.created_at DESC, p.id DESC LIMIT {PAGE}")


@dataclass(frozen=True)
class Spot:
    """A page to read: its store, how deep it lies, and the key of the row before it."""

    store: UUID
    depth: int
    before: tuple[datetime, UUID]


def main(products: int, pairs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="stormcom-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "pg", durable=False)
        server.start()
        try:
            measure(server.url("postgres"), server.url("baseline"), server.url("newest"), products, pairs)
        finally:
            server.stop()


def measure(admin: str, baseline_url: str, newest_url: str, products: int, pairs: int) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        for name in ("baseline", "newest"):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    prepare_database(baseline_url)
    upgrade(baseline_url, "0001")
    upgrade(newest_url)
    stores = fill_baseline(baseline_url, products)
    fill_newest(newest_url, baseline_url)
    baseline, newest = Database(baseline_url), Database(newest_url)
    places = draw_places(baseline, stores, pairs)
    print(f"{products:,} products in {STORES} stores, {pairs} pairs, pages of {PAGE}, up to {DEEPEST} deep")

    def new_listing(place: Spot) -> None:
        with newest.session_for(place.store) as session:
            list_products(session, store_id=place.store, wanted=ListingFilter(), after=place.before, limit=PAGE)

    def new_collection(place: Spot) -> None:
        after: Place = (place.depth * PAGE, UUID(int=0))
        with newest.session_for(place.store) as session:
            list_products(session, store_id=place.store, wanted=ListingFilter(collection="all"), after=after,
                          limit=PAGE)

    def old_by_offset(place: Spot) -> None:
        with baseline.owner_session() as session:
            session.execute(BY_OFFSET, {"store": place.store, "offset": place.depth * PAGE}).all()

    def old_by_key(place: Spot) -> None:
        with baseline.owner_session() as session:
            given = {"store": place.store, "place": place.before[0].replace(tzinfo=None), "last": place.before[1]}
            session.execute(BY_KEY, given).all()

    for title, old, new in (
        ("newest first / legacy page by offset", old_by_offset, new_listing),
        ("newest first / page by key on the baseline", old_by_key, new_listing),
        ("collection / legacy page by offset", old_by_offset, new_collection),
        ("collection / page by key on the baseline", old_by_key, new_collection),
    ):
        report(title, *interleave(old, new, places))
    baseline.dispose()
    newest.dispose()


def draw_places(baseline: Database, stores: Sequence[UUID], pairs: int) -> list[Spot]:
    """Pages drawn by the number of products, so that the largest store is asked for as often as all small ones half."""
    chance = random.Random(11)
    weights = [len(stores) // 2, *([1] * (len(stores) - 1))]
    places = []
    for store in chance.choices(stores, weights=weights, k=pairs):
        depth = chance.randrange(DEEPEST)
        with baseline.owner_session() as session:
            row = session.execute(
                text("""SELECT created_at, id FROM products WHERE store_id = :store AND status = 'ACTIVE'
                        AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET :offset"""),
                {"store": store, "offset": depth * PAGE}).one()
        places.append(Spot(store, depth, (row[0].astimezone() if row[0].tzinfo else utc(row[0]), row[1])))
    return places


def utc(moment: datetime) -> datetime:
    """The baseline's timestamps have no zone; they are UTC."""
    return datetime.fromisoformat(moment.isoformat() + "+00:00")


def interleave(
    old: Callable[[Spot], None], new: Callable[[Spot], None], places: Sequence[Spot]
) -> tuple[list[float], list[float]]:
    """Time both sides for each page, the order of the two drawn anew each time."""
    chance = random.Random(5)
    times: tuple[list[float], list[float]] = ([], [])
    for place in places[:20]:
        old(place)
        new(place)
    for place in places:
        for side in chance.sample((0, 1), 2):
            began = time.perf_counter()
            (old, new)[side](place)
            times[side].append(time.perf_counter() - began)
    return times


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def report(title: str, old: list[float], new: list[float]) -> None:
    chance = random.Random(3)
    ratios = []
    for _ in range(DRAWS):
        drawn = chance.choices(range(len(old)), k=len(old))
        ratios.append(p95([new[i] for i in drawn]) / p95([old[i] for i in drawn]))
    ratios.sort()
    low, high = ratios[DRAWS // 40], ratios[-DRAWS // 40]
    verdict = "holds" if high < LIMIT else "DOES NOT HOLD"
    print(f"{title:45} p95 {p95(old) * 1e3:8.2f} → {p95(new) * 1e3:7.2f} ms   ratio {p95(new) / p95(old):.3f} "
          f"[{low:.3f}, {high:.3f}]  < {LIMIT}: {verdict}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000, int(sys.argv[2]) if len(sys.argv) > 2 else 500)
