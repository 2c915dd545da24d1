"""The history of a concurrent run, written down and checked against a sequential model.

What succeeded has a moment of its own, taken under the levels' locks: in that order the model must allow every step and
end where the database ends. What was refused must have been right to be refused at some moment between its question
and its answer, and have named the stock of that moment.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.errors import OutOfStock
from oltp.inventory.reserving import release_reservations, reserve_stock, restock, sell_stock
from tests.conftest import IS_FULL, cloned_database
from tests.oltp.inventory.stocked import NONE, add_order, at_once, offenders
from tests.selling import Shop, open_shop

WORKERS, ROUNDS, STOCK = (100, 20, 60) if IS_FULL else (12, 6, 8)
_NOW = text("SELECT clock_timestamp()")


@dataclass(frozen=True)
class Refused:
    """A refusal: when it was asked for and answered, what was wanted, and what it said there was."""

    began: datetime
    ended: datetime
    demand: dict[UUID, int]
    said: dict[UUID, int]


class Model:
    """The obvious shop: one step after the other."""

    def __init__(self, variants: list[UUID]) -> None:
        self.on_hand = dict.fromkeys(variants, STOCK)
        self.reserved = dict.fromkeys(variants, 0)

    def available(self, variant: UUID) -> int:
        return self.on_hand[variant] - self.reserved[variant]

    def step(self, name: str, demand: dict[UUID, int]) -> None:
        for variant, quantity in demand.items():
            if name in ("sold", "released"):
                self.reserved[variant] -= quantity
            if name == "reserved":
                self.reserved[variant] += quantity
            if name in ("sold", "restocked"):
                self.on_hand[variant] += quantity if name == "restocked" else -quantity
            assert 0 <= self.reserved[variant] <= self.on_hand[variant], (name, demand)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template, connections=WORKERS) as database:
        yield database


def work(shop: Shop, orders: list[UUID], variants: list[UUID], dice: random.Random, refused: list[Refused]) -> None:
    """Reserve for each order, and then sell, give up, or sell and take back."""
    store, database = shop.store_id, shop.database
    for order in orders:
        demand = {variant: dice.randint(1, 2) for variant in dice.sample(variants, dice.randint(1, 3))}
        with database.anonymous_session() as session:
            began = session.scalar(_NOW)
        try:
            with database.session_for(store) as session:
                reserve_stock(session, store_id=store, demand=demand, order_id=order, minutes=15)
        except OutOfStock as refusal:
            with database.anonymous_session() as session:
                ended = session.scalar(_NOW)
            said = {UUID(row["variant_id"]): row["available"] for row in refusal.facts["variants"]}
            refused.append(Refused(began, ended, demand, said))
            continue
        fate = dice.choice(["keep", "give up", "sell", "take back"])
        if fate == "give up":
            with database.session_for(store) as session:
                release_reservations(session, store_id=store, order_id=order)
        if fate in ("sell", "take back"):
            with database.session_for(store) as session:
                sell_stock(session, store_id=store, demand=demand, order_id=order)
        if fate == "take back":
            with database.session_for(store) as session:
                restock(session, store_id=store, quantities=demand, order_id=order, reason_code="return", detail="x")


def history(shop: Shop) -> list[tuple[datetime, str, dict[UUID, int]]]:
    """Return what succeeded, in the order in which it did, from the events the shop has written."""
    steps: dict[tuple[datetime, str, str], dict[UUID, int]] = {}
    with shop.database.session_for(shop.store_id) as session:
        rows = session.execute(text("""
            SELECT name, entity_id, payload, occurred_at FROM domain_event
            WHERE name IN ('stock.reserved', 'stock.released', 'inventory.adjusted')"""))
        for name, entity, payload, at in rows:
            if name == "inventory.adjusted":
                kind = "sold" if payload["delta"] < 0 else "restocked"
                demand = steps.setdefault((at, kind, payload["order_id"]), {})
                demand[UUID(payload["variant_id"])] = abs(payload["delta"])
            else:
                items = {UUID(item["variant_id"]): item["quantity"] for item in payload["items"]}
                steps[(at, name.removeprefix("stock."), str(entity))] = items
    return [(at, name, steps[at, name, order]) for at, name, order in sorted(steps)]


def may_have_been(refusal: Refused, moments: list[tuple[datetime, dict[UUID, int]]]) -> bool:
    """Say whether the refusal was right, and said what there was, at a moment between question and answer."""
    before = [available for at, available in moments if at <= refusal.began][-1:]
    during = [available for at, available in moments if refusal.began < at <= refusal.ended]
    return any(
        refusal.said == {key: there[key] for key, wanted in refusal.demand.items() if there[key] < wanted}
        for there in before + during)


@pytest.mark.race
def test_history_of_a_concurrent_run_is_that_of_a_sequential_model(shared: Database) -> None:
    shop, dice = open_shop(shared), random.Random(20261124)
    variants = [shop.product(stock=STOCK).variant_id for _ in range(4)]
    orders = [[add_order(shop) for _ in range(ROUNDS)] for _ in range(WORKERS)]
    refused: list[Refused] = []
    seeds = [dice.random() for _ in orders]
    at_once([lambda own=own, seed=seed: work(shop, own, variants, random.Random(seed), refused)
             for own, seed in zip(orders, seeds, strict=True)])

    model = Model(variants)
    moments = [(datetime.min.replace(tzinfo=refused[0].began.tzinfo), dict.fromkeys(variants, STOCK))]
    for at, name, demand in history(shop):
        model.step(name, demand)
        moments.append((at, {key: model.available(key) for key in variants}))
    with shared.session_for(shop.store_id) as session:
        rows = session.execute(text("SELECT variant_id, on_hand, reserved FROM inventory_level")).all()
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        key: (model.on_hand[key], model.reserved[key]) for key in variants}
    assert refused and [each for each in refused if not may_have_been(each, moments)] == []
    assert offenders(shared) == NONE
