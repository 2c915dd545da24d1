"""Background work of stock: the sweep of expired reservations and the notice of low stock."""

from collections.abc import Iterator

import pytest

from oltp.audit.models import AuditLog
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS
from oltp.inventory import tasks
from oltp.inventory.actions import adjust_stock
from oltp.inventory.reserving import reserve_stock
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from tests.conftest import NOON, cloned_database
from tests.oltp.inventory.stocked import NONE, add_order, events, expire, offenders
from tests.selling import Goods, Shop, open_shop


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def work(shared: Database) -> Work:
    return Work(shared, FixedClock(NOON), FOLLOWERS)


def hold(shop: Shop, *goods: Goods) -> None:
    order = add_order(shop)
    with shop.database.session_for(shop.store_id) as session:
        reserve_stock(session, store_id=shop.store_id, demand={each.variant_id: 1 for each in goods}, order_id=order,
                      minutes=15)


def test_the_sweeper_writes_reservation_expired_and_deletes(
    shared: Database, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    gone, kept = open_shop(shared), open_shop(shared)
    goods, live = [gone.product(stock=5) for _ in range(5)], kept.product(stock=5)
    hold(gone, *goods)
    hold(gone, goods[0])
    hold(kept, live)
    expire(gone)
    tasks.sweep_reservations(work)
    assert [gone.reserved(each) for each in goods] == [0] * 5
    assert gone.execute("SELECT count(*) FROM stock_reservation WHERE store_id = :store") == 0
    assert len(events(gone, "reservation.expired")) == 6
    assert (kept.reserved(live), events(kept, "reservation.expired")) == (1, [])
    tasks.sweep_reservations(work)
    assert len(events(gone, "reservation.expired")) == 6
    assert offenders(shared) == NONE


def test_low_stock_is_noticed_once_per_event(shared: Database, work: Work) -> None:
    shop = open_shop(shared)
    goods = shop.product(stock=7)
    with shared.session_for(shop.store_id) as session:
        adjust_stock(session, store_id=shop.store_id, variant_id=goods.variant_id, delta=-3, reason_code="sale")
    assert FOLLOWERS["inventory.low_stock"] == (tasks.LOW_STOCK,)
    event = shop.execute("SELECT id FROM domain_event WHERE store_id = :store AND name = 'inventory.low_stock'")
    for _ in range(2):
        tasks.notice(work, store_id=str(shop.store_id), entity_id=str(goods.variant_id), event_id=str(event))
    with shared.session_for(shop.store_id) as session:
        (entry,) = session.query(AuditLog).filter_by(action="low_stock_alert")
    assert (entry.entity_type, entry.entity_id, entry.severity) == ("variant", str(goods.variant_id), "warning")
    assert entry.changes == '{"on_hand": {"old": 7, "new": 4}, "low_stock_threshold": {"new": 5}}'
