"""Many changes at once come to what the same changes come to one by one, refusals and all."""

import random
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from oltp.db.session import Database
from oltp.inventory.bulk import MOST_ROWS, adjust_many
from oltp.inventory.changing import WantedChange, change_stock
from oltp.inventory.errors import TooManyRows
from oltp.kit.errors import Refusal
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.inventory.stocked import NONE, events, offenders
from tests.selling import Goods, Shop, open_shop

NAMES = ("inventory.adjusted", "inventory.low_stock", "inventory.sold_out", "inventory.back_in_stock")
ROUNDS = 100 if IS_FULL else 2


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


def furnish(database: Database) -> tuple[Shop, list[Goods]]:
    """Return a shop with every kind of level: empty, low, plenty, reserved, owed, not counted."""
    shop = open_shop(database)
    goods = [shop.product(stock=stock, is_tracked=tracked) for stock, tracked in
             ((0, True), (6, True), (40, True), (10, True), (3, True), (2, False))]
    shop.execute("UPDATE inventory_level SET backorder_limit = 4 WHERE variant_id = :id", id=goods[4].variant_id)
    shop.execute("""WITH r AS (INSERT INTO stock_reservation (store_id, variant_id, quantity, expires_at)
                               VALUES (:store, :id, 7, now() + interval '1 hour'))
                    UPDATE inventory_level SET reserved = 7 WHERE variant_id = :id""", id=goods[3].variant_id)
    return shop, goods


def random_rows(dice: random.Random) -> list[tuple[int, dict]]:
    """Return rows as (place of the goods, what is asked for); place 6 is a variant that is not there."""
    rows = []
    for _ in range(30):
        asked = dice.choice([
            {"delta": dice.randint(-8, 8), "on_hand": None}, {"delta": None, "on_hand": dice.randint(-2, 12)},
            {"delta": None, "on_hand": None}, {"delta": 2**31 - 1, "on_hand": None}])
        code = dice.choice(["manual", "correction", "manual", "theft"])
        expected = dice.choice([None, None, None, 6])
        rows.append((dice.randint(0, 6), {**asked, "reason_code": code, "expected": expected}))
    return rows


def ledger(shop: Shop, goods: list[Goods]) -> list[list[tuple[int, str]]]:
    return [[tuple(row) for row in shop.execute("""
        SELECT coalesce(jsonb_agg(jsonb_build_array(delta, reason_code) ORDER BY created_at, id), '[]')
        FROM inventory_adjustment WHERE variant_id = :id AND reason_code <> 'initial'""", id=each.variant_id)]
        for each in goods]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_bulk_is_the_same_as_one_by_one(shared: Database, seed: int) -> None:
    rows = random_rows(random.Random(seed))
    (bulk, some), (single, others) = furnish(shared), furnish(shared)
    unknown = uuid4()

    def wanted(goods: list[Goods], place: int, asked: dict) -> WantedChange:
        variant: UUID = unknown if place == 6 else goods[place].variant_id
        return WantedChange(variant_id=variant, **asked)

    with shared.session_for(bulk.store_id) as session:
        outcomes = adjust_many(session, store_id=bulk.store_id, changes=[wanted(some, *row) for row in rows])
    for row, outcome in zip(rows, outcomes, strict=True):
        code = None
        try:
            with shared.session_for(single.store_id) as session:
                change_stock(session, store_id=single.store_id, change=wanted(others, *row))
        except Refusal as refusal:
            code = refusal.code
        assert (None if outcome.refusal is None else outcome.refusal.code) == code, row
        if row[0] < 6 and code is None:
            assert outcome.on_hand == single.on_hand(others[row[0]])
    assert [bulk.on_hand(each) for each in some] == [single.on_hand(each) for each in others]
    assert ledger(bulk, some) == ledger(single, others)
    assert sorted(name for name, _ in events(bulk, *NAMES)) == sorted(name for name, _ in events(single, *NAMES))
    assert offenders(shared) == NONE


def test_a_thousand_rows_and_no_more(shared: Database) -> None:
    shop, goods = furnish(shared)
    rows = [WantedChange(goods[2].variant_id, 1, None, "manual")] * (MOST_ROWS + 1)
    with pytest.raises(TooManyRows), shared.session_for(shop.store_id) as session:
        adjust_many(session, store_id=shop.store_id, changes=rows)
