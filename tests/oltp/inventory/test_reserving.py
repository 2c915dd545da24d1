"""Stock of orders: reserved, sold, given back, expired, each with its event and in as many statements."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from oltp.db.session import Database
from oltp.inventory.errors import (
    AlreadyExtended,
    DemandInvalid,
    LevelNotFound,
    NothingReserved,
    OutOfStock,
    ReservationTimeInvalid,
)
from oltp.inventory.queries import get_level
from oltp.inventory.reserving import (
    extend_reservations,
    release_reservations,
    reserve_stock,
    restock,
    sell_stock,
)
from oltp.inventory.rules import sum_demand
from tests.conftest import cloned_database
from tests.oltp.inventory.stocked import NONE, add_order, events, expire, offenders
from tests.selling import Goods, Shop, open_shop
from tests.statements import statements


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Iterator[Shop]:
    """A shop of the test's own; whatever it did, every invariant of stock holds afterwards."""
    shop = open_shop(shared)
    yield shop
    assert offenders(shared) == NONE


def reserve(shop: Shop, demand: dict[UUID, int], *, minutes: int = 15, order: UUID | None = None) -> UUID:
    order = order or add_order(shop)
    with shop.database.session_for(shop.store_id) as session:
        reserve_stock(session, store_id=shop.store_id, demand=demand, order_id=order, minutes=minutes)
    return order


def sell(shop: Shop, demand: dict[UUID, int], order: UUID) -> None:
    with shop.database.session_for(shop.store_id) as session:
        sell_stock(session, store_id=shop.store_id, demand=demand, order_id=order)


def release(shop: Shop, order: UUID) -> None:
    with shop.database.session_for(shop.store_id) as session:
        release_reservations(session, store_id=shop.store_id, order_id=order)


def stand(shop: Shop, goods: Goods) -> tuple[int, int]:
    return shop.on_hand(goods), shop.reserved(goods)


def test_reserve_sell_and_restock(shop: Shop) -> None:
    a, b = shop.product(stock=10), shop.product(stock=3)
    order = reserve(shop, {a.variant_id: 4, b.variant_id: 3})
    assert (stand(shop, a), stand(shop, b)) == ((10, 4), (3, 3))
    sell(shop, {a.variant_id: 4, b.variant_id: 3}, order)
    assert (stand(shop, a), stand(shop, b)) == ((6, 0), (0, 0))
    assert shop.execute("SELECT count(*) FROM stock_reservation WHERE store_id = :store") == 0
    with shop.database.session_for(shop.store_id) as session:
        restock(session, store_id=shop.store_id, quantities={a.variant_id: 2}, order_id=order, reason_code="return",
                detail="return_processed")
    assert stand(shop, a) == (8, 0)
    ledger = shop.execute("""SELECT jsonb_agg(jsonb_build_array(delta, reason_code, reason_detail) ORDER BY id)
                             FROM inventory_adjustment WHERE store_id = :store AND order_id = :order""", order=order)
    assert sorted(ledger) == [[-4, "sale", None], [-3, "sale", None], [2, "return", "return_processed"]]
    said = events(shop, "stock.reserved", "inventory.adjusted", "inventory.low_stock")
    assert [name for name, _ in said] == [
        "stock.reserved", "inventory.adjusted", "inventory.adjusted", "inventory.adjusted"]
    assert {item["quantity"] for item in said[0][1]["items"]} == {3, 4}


def test_a_sale_that_crosses_the_threshold_says_so_once(shop: Shop) -> None:
    goods = shop.product(stock=7)
    for _ in range(3):
        sell(shop, {goods.variant_id: 1}, add_order(shop))
    assert [payload["on_hand"] for _, payload in events(shop, "inventory.low_stock")] == [5]


def test_refusals_name_every_variant_that_is_short(shop: Shop) -> None:
    a, b, c = shop.product(stock=1), shop.product(stock=5), shop.product(stock=0)
    with pytest.raises(OutOfStock) as refused:
        reserve(shop, {a.variant_id: 2, b.variant_id: 5, c.variant_id: 1})
    short = {row["variant_id"]: (row["wanted"], row["available"]) for row in refused.value.facts["variants"]}
    assert short == {str(a.variant_id): (2, 1), str(c.variant_id): (1, 0)}
    assert (stand(shop, b), events(shop, "stock.reserved")) == ((5, 0), [])
    with pytest.raises(OutOfStock):
        sell(shop, {a.variant_id: 2}, add_order(shop))
    with pytest.raises(LevelNotFound):
        reserve(shop, {uuid4(): 1})
    for demand in ({}, {a.variant_id: 0}, {a.variant_id: -1}):
        with pytest.raises(DemandInvalid):
            reserve(shop, demand)
    for minutes in (0, 1441):
        with pytest.raises(ReservationTimeInvalid):
            reserve(shop, {b.variant_id: 1}, minutes=minutes)


def test_the_check_stops_even_raw_sql_from_overselling(shop: Shop) -> None:
    goods = shop.product(stock=2)
    reserve(shop, {goods.variant_id: 2})
    for change in ("reserved = 3", "on_hand = 1", "reserved = -1"):
        with pytest.raises(IntegrityError, match=r"inventory_level_(available|reserved)_check"):
            shop.execute(f"UPDATE inventory_level SET {change} WHERE store_id = :store")


def test_same_variant_on_two_lines_and_bundle_with_its_component_are_summed_first(shop: Shop) -> None:
    a, b = shop.product(stock=5), shop.product(stock=5)
    lines = [(a.variant_id, 3), (b.variant_id, 1), (a.variant_id, 3)]
    assert sum_demand(lines) == {a.variant_id: 6, b.variant_id: 1}
    with pytest.raises(OutOfStock):
        reserve(shop, sum_demand(lines))
    # Two bundles of 2 × a and 1 × b, and two a beside them.
    bundle = [(a.variant_id, 4), (b.variant_id, 2)]
    with pytest.raises(OutOfStock):
        reserve(shop, sum_demand([*bundle, (a.variant_id, 2)]))
    reserve(shop, sum_demand([*bundle, (a.variant_id, 1)]))
    assert (stand(shop, a), stand(shop, b)) == ((5, 5), (5, 2))


def test_an_expired_reservation_does_not_count_without_a_sweeper(shop: Shop) -> None:
    a, b = shop.product(stock=2), shop.product(stock=2)
    lost = reserve(shop, {a.variant_id: 2, b.variant_id: 1})
    with pytest.raises(OutOfStock):
        reserve(shop, {a.variant_id: 1})
    expire(shop)
    winner = reserve(shop, {a.variant_id: 2})
    assert (stand(shop, a), stand(shop, b)) == ((2, 2), (2, 1))
    said = events(shop, "reservation.expired")
    assert [(payload["order_id"], payload["quantity"]) for _, payload in said] == [(str(lost), 2)]
    assert shop.execute("SELECT count(*) FROM stock_reservation WHERE order_id = :order", order=winner) == 1
    # The loser's own is gone: its money would come too late.
    with pytest.raises(OutOfStock):
        sell(shop, {a.variant_id: 2, b.variant_id: 1}, lost)


def test_readers_do_not_count_an_expired_reservation_either(shop: Shop) -> None:
    goods = shop.product(stock=1)
    shown = "SELECT product_is_available(:store, :product)"
    reserve(shop, {goods.variant_id: 1})
    assert shop.execute(shown, product=goods.product_id) is False
    expire(shop)
    assert shop.execute(shown, product=goods.product_id) is True
    with shop.database.session_for(shop.store_id) as session:
        level = get_level(session, store_id=shop.store_id, variant_id=goods.variant_id)
    assert (level.reserved, level.available) == (0, 1)


def test_a_reservation_that_ran_out_is_no_obstacle_while_the_stock_is_there(shop: Shop) -> None:
    goods = shop.product(stock=2)
    order = reserve(shop, {goods.variant_id: 2})
    expire(shop)
    sell(shop, {goods.variant_id: 2}, order)
    assert (stand(shop, goods), events(shop, "reservation.expired")) == ((0, 0), [])


def test_a_second_reservation_of_an_order_replaces_its_first(shop: Shop) -> None:
    goods = shop.product(stock=5)
    order = reserve(shop, {goods.variant_id: 3})
    reserve(shop, {goods.variant_id: 4}, order=order)
    assert stand(shop, goods) == (5, 4)


def test_selling_less_than_reserved_gives_the_rest_back(shop: Shop) -> None:
    a, b = shop.product(stock=5), shop.product(stock=5)
    order = reserve(shop, {a.variant_id: 3, b.variant_id: 2})
    sell(shop, {a.variant_id: 1}, order)
    assert (stand(shop, a), stand(shop, b)) == ((4, 0), (5, 0))


def test_release_is_said_once(shop: Shop) -> None:
    goods = shop.product(stock=5)
    order = reserve(shop, {goods.variant_id: 3})
    release(shop, order)
    release(shop, order)
    assert stand(shop, goods) == (5, 0)
    assert events(shop, "stock.released") == [
        ("stock.released", {"items": [{"variant_id": str(goods.variant_id), "quantity": 3}]})]


def test_a_reservation_is_extended_once_and_only_while_it_lives(shop: Shop) -> None:
    goods = shop.product(stock=5)
    order = reserve(shop, {goods.variant_id: 1})
    ends = "SELECT expires_at FROM stock_reservation WHERE store_id = :store"
    before = shop.execute(ends)

    def extend() -> None:
        with shop.database.session_for(shop.store_id) as session:
            extend_reservations(session, store_id=shop.store_id, order_id=order, minutes=15)

    extend()
    assert (shop.execute(ends) - before).total_seconds() == 900
    with pytest.raises(AlreadyExtended):
        extend()
    expire(shop)
    with pytest.raises(NothingReserved):
        extend()


def test_untracked_stock_and_backorders(shop: Shop) -> None:
    free, owed = shop.product(stock=0, is_tracked=False), shop.product(stock=1)
    shop.execute("UPDATE inventory_level SET backorder_limit = 2 WHERE store_id = :store AND variant_id = :variant",
                 variant=owed.variant_id)
    order = reserve(shop, {free.variant_id: 1000, owed.variant_id: 3})
    with pytest.raises(OutOfStock):
        reserve(shop, {owed.variant_id: 1})
    sell(shop, {free.variant_id: 1000, owed.variant_id: 3}, order)
    assert (stand(shop, free), stand(shop, owed)) == ((-1000, 0), (-2, 0))


def test_what_legacy_sold_too_much_is_not_promised(shop: Shop) -> None:
    goods = shop.product(stock=3)
    order = reserve(shop, {goods.variant_id: 3})
    shop.execute("""WITH less AS (UPDATE inventory_level SET on_hand = 1, legacy_shortage = 2 WHERE store_id = :store)
                    INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
                    VALUES (:store, :variant, -2, 'sale')""", variant=goods.variant_id)
    with pytest.raises(OutOfStock):
        sell(shop, {goods.variant_id: 3}, order)
    release(shop, order)
    assert shop.execute("SELECT legacy_shortage FROM inventory_level WHERE store_id = :store") == 0


def test_the_number_of_statements_does_not_grow(shop: Shop) -> None:
    goods = [shop.product(stock=9) for _ in range(20)]
    orders = [add_order(shop) for _ in range(2)]
    counts = []
    for order, wanted in zip(orders, (goods[:1], goods), strict=True):
        demand = {each.variant_id: 1 for each in wanted}
        with statements(shop.database) as sent:
            reserve(shop, demand, order=order)
            sell(shop, demand, order)
        counts.append(len(sent))
    # Twice: what the order holds, legacy's lock, the levels' lock, the settlement, its events.
    assert counts == [10, 10]


def test_another_store_is_not_touched(shop: Shop, shared: Database) -> None:
    other = open_shop(shared)
    theirs = other.product(stock=3)
    with pytest.raises(LevelNotFound):
        reserve(shop, {theirs.variant_id: 1})
    with shared.session_for(shop.store_id) as session:
        assert session.scalar(text("SELECT count(*) FROM inventory_level")) == 0
