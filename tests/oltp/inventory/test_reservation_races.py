"""Orders that race for stock on connections of their own: sold is what there was, and nobody sees a deadlock."""

import random
from collections.abc import Iterator
from uuid import UUID

import pytest

from oltp.db.session import Database
from oltp.inventory.errors import OutOfStock
from oltp.inventory.reserving import reserve_stock, sell_stock
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.inventory.stocked import NONE, add_order, at_once, events, expire, offenders
from tests.selling import Shop, open_shop

BUYERS, RUNS = (200, 20) if IS_FULL else (16, 1)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    # A connection for each buyer, not a place in the pool's queue.
    with cloned_database(server_url, template, connections=BUYERS) as database:
        yield database


def buy(shop: Shop, demand: dict[UUID, int], order: UUID, *, also_sells: bool = True) -> bool:
    """Reserve and sell in two transactions, as checkout does; False when there was too little."""
    try:
        with shop.database.session_for(shop.store_id) as session:
            reserve_stock(session, store_id=shop.store_id, demand=demand, order_id=order, minutes=15)
    except OutOfStock:
        return False
    if also_sells:
        with shop.database.session_for(shop.store_id) as session:
            sell_stock(session, store_id=shop.store_id, demand=demand, order_id=order)
    return True


@pytest.mark.parametrize("variants", [1, 5])
@pytest.mark.parametrize("run", range(RUNS))
def test_one_conditional_update_sells_exactly_what_there_is(shared: Database, variants: int, run: int) -> None:
    dice = random.Random(f"{variants}-{run}")
    shop, stock = open_shop(shared), BUYERS // 4
    goods = [shop.product(stock=stock) for _ in range(variants)]
    orders = [add_order(shop) for _ in range(BUYERS)]
    wins: list[UUID] = []

    def buyer(order: UUID) -> None:
        keys = [each.variant_id for each in goods]
        dice.shuffle(keys)
        if buy(shop, dict.fromkeys(keys, 1), order):
            wins.append(order)

    at_once([lambda order=order: buyer(order) for order in orders])
    assert len(wins) == stock
    assert {(shop.on_hand(each), shop.reserved(each)) for each in goods} == {(0, 0)}
    sold = shop.execute("SELECT sum(delta) FROM inventory_adjustment WHERE store_id = :store AND reason_code = 'sale'")
    assert (sold, offenders(shared)) == (-stock * variants, NONE)


@pytest.mark.parametrize("run", range(RUNS))
def test_orders_with_crossed_variants_never_deadlock(shared: Database, run: int) -> None:
    dice = random.Random(run)
    shop = open_shop(shared)
    goods = [shop.product(stock=BUYERS) for _ in range(6)]
    demands = [{each.variant_id: dice.randint(1, 4) for each in dice.sample(goods, 4)} for _ in range(BUYERS)]
    orders = [add_order(shop) for _ in demands]
    won = dict.fromkeys(orders, False)

    def buyer(order: UUID, demand: dict[UUID, int]) -> None:
        won[order] = buy(shop, demand, order)

    at_once([lambda order=order, demand=demand: buyer(order, demand)
             for order, demand in zip(orders, demands, strict=True)])
    for each in goods:
        sold = sum(demand.get(each.variant_id, 0) for order, demand in zip(orders, demands, strict=True) if won[order])
        assert (shop.on_hand(each), shop.reserved(each)) == (BUYERS - sold, 0)
    assert offenders(shared) == NONE


@pytest.mark.parametrize("run", range(RUNS))
def test_expired_reservations_are_freed_once_by_whoever_comes_first(shared: Database, run: int) -> None:
    shop = open_shop(shared)
    goods = [shop.product(stock=4) for _ in range(2)]
    demand = {each.variant_id: 1 for each in goods}
    for order in [add_order(shop) for _ in range(4)]:
        buy(shop, demand, order, also_sells=False)
    expire(shop)
    orders, wins = [add_order(shop) for _ in range(BUYERS)], []

    def buyer(order: UUID) -> None:
        if buy(shop, demand, order, also_sells=False):
            wins.append(order)

    at_once([lambda order=order: buyer(order) for order in orders])
    assert len(wins) == 4
    assert {(shop.on_hand(each), shop.reserved(each)) for each in goods} == {(4, 4)}
    assert len(events(shop, "reservation.expired")) == 8
    assert offenders(shared) == NONE
