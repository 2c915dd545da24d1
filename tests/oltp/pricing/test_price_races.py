"""Writers of one product's prices at once: windows never overlap, nobody sees an error, and the list price follows."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.invariants import check_invariants
from oltp.kit.clock import SystemClock
from oltp.pricing.actions import end_price, set_price
from oltp.pricing.errors import PriceEnded, PriceUnknown
from oltp.pricing.queries import PriceWish, resolve_prices
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.inventory.stocked import at_once
from tests.selling import Goods, Shop, open_shop

WRITERS, EDITS = (32, 6) if IS_FULL else (8, 3)
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database of the module's own."""
    with cloned_database(server_url, template) as database:
        yield database


def edit(shop: Shop, goods: list[Goods], chance: Random) -> None:
    """One random change of a price, and a look at all of them in another order."""
    for _ in range(EDITS):
        one = chance.choice(goods)
        key: dict[str, Any] = chance.choice(({"product_id": one.product_id}, {"variant_id": one.variant_id}))
        start = chance.choice((None, CLOCK.now() + timedelta(days=chance.randint(1, 9))))
        end = None if start is None else chance.choice((None, start + timedelta(days=chance.randint(1, 5))))
        try:
            with shop.database.session_for(shop.store_id) as session:
                made = set_price(session, store_id=shop.store_id, currency="USD", amount=chance.randint(1, 10**6),
                                 effective_at=start, expires_at=end, clock=CLOCK, **key)
            if chance.random() < 0.3:
                with shop.database.session_for(shop.store_id) as session:
                    end_price(session, store_id=shop.store_id, price_id=made, clock=CLOCK)
        except (PriceUnknown, PriceEnded):
            # Somebody else's price has taken its place meanwhile.
            pass
        wishes = [PriceWish(each.variant_id, 1) for each in chance.sample(goods, len(goods))]
        with shop.database.session_for(shop.store_id) as session:
            found = resolve_prices(session, store_id=shop.store_id, wishes=wishes, currency="USD", customer_id=None,
                                   at=CLOCK.now() + timedelta(days=chance.randint(0, 9)))
        assert len(found) == len(goods)


@pytest.mark.race
def test_writers_of_the_same_prices_leave_windows_that_do_not_overlap(shared: Database) -> None:
    shop = open_shop(shared)
    goods = [shop.product(1000) for _ in range(3)]
    at_once([lambda seed=seed: edit(shop, goods, Random(seed)) for seed in range(WRITERS)])
    with shared.worker_session() as session:
        broken = [each for each in check_invariants(session, store_id=shop.store_id) if not each.holds]
        overlaps = session.scalar(text("""
            SELECT count(*) FROM product_price a JOIN product_price b ON a.store_id = b.store_id AND a.id < b.id
              AND a.product_id IS NOT DISTINCT FROM b.product_id AND a.variant_id IS NOT DISTINCT FROM b.variant_id
              AND a.currency = b.currency AND a.min_quantity = b.min_quantity AND a.during && b.during
            WHERE a.store_id = :store"""), {"store": shop.store_id})
    assert broken == [] and overlaps == 0



def test_a_product_whose_price_has_ended_keeps_it_and_breaks_nothing(shared: Database) -> None:
    shop = open_shop(shared)
    goods = shop.product(1000)
    price = shop.execute("SELECT id FROM product_price WHERE store_id = :store")
    with shop.database.session_for(shop.store_id) as session:
        end_price(session, store_id=shop.store_id, price_id=price, clock=CLOCK)
    with shop.database.session_for(shop.store_id) as session:
        (found,) = resolve_prices(session, store_id=shop.store_id, wishes=[PriceWish(goods.variant_id, 1)],
                                  currency="USD", customer_id=None, at=CLOCK.now())
    assert (found.amount, found.source) == (1000, "list")
    with shared.worker_session() as session:
        assert [each.name for each in check_invariants(session, store_id=shop.store_id) if not each.holds] == []
