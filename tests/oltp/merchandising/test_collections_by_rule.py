"""Collections by rule: incremental = full rebuild = the obvious meaning, after random edits; refusals of bad rules."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.handlers import FOLLOWERS, TASKS
from oltp.inventory.actions import adjust_stock
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.merchandising.collections_actions import NewCollection, create_collection, update_collection
from oltp.merchandising.collections_filling import fill_collection, refresh_products
from oltp.merchandising.conditions import read_rule, write_rule
from oltp.merchandising.errors import RuleInvalid, RuleMissing
from oltp.merchandising.tasks import fill_all
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.oltp.inventory.stocked import at_once, events
from tests.oltp.merchandising.meaning import Facts, gather, means
from tests.selling import Shop, open_shop

EDITS = 1000 if IS_FULL else 40
STATUSES = ("DRAFT", "ACTIVE", "ARCHIVED")
DAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    return open_shop(shared)


class World:
    """A shop whose catalog is edited at random; each edit writes the event that its action writes."""

    def __init__(self, shop: Shop, dice: random.Random) -> None:
        self.shop, self.dice = shop, dice
        parent = None
        self.categories = []
        for number in range(5):
            parent = shop.execute("""
                INSERT INTO categories (store_id, name, slug, parent_id) VALUES (:store, 'C', :slug, :parent)
                RETURNING id""", slug=f"c{number}", parent=None if number == 3 else parent)
            self.categories.append(parent)
        self.brands = [shop.execute("""
            INSERT INTO brands (store_id, name, slug) VALUES (:store, 'B', :slug) RETURNING id""", slug=f"b{number}")
            for number in range(3)]
        self.attribute = shop.execute(
            "INSERT INTO product_attributes (store_id, name, values) VALUES (:store, 'Colour', '[]') RETURNING id")
        self.goods = [shop.product(dice.randint(1, 9) * 100, stock=dice.randint(0, 1),
                                   category_id=dice.choice([None, *self.categories])) for _ in range(12)]
        for each in self.goods:
            shop.execute("UPDATE products SET created_at = :at WHERE id = :id", id=each.product_id,
                         at=DAY + timedelta(days=dice.randint(0, 9)))

    def rule(self, depth: int = 0) -> dict[str, Any]:
        """Return a random rule."""
        dice = self.dice
        kind = dice.choice(["category", "brand", "price", "attribute", "status", "created_at", "availability",
                            *(["all", "any", "not"] if depth < 2 else [])])
        least, first = dice.randint(1, 9) * 100, DAY + timedelta(days=dice.randint(0, 9))
        return {"type": kind, **{
            "category": lambda: {"category_ids": [str(each) for each in dice.sample(self.categories, 2)],
                                 "has_descendants": dice.random() < 0.5},
            "brand": lambda: {"brand_ids": [str(dice.choice(self.brands))]},
            "price": lambda: {"currency": dice.choice(["USD", "USD", "EUR"]), "least": dice.choice([None, least]),
                              "most": least + 300},
            "attribute": lambda: {"attribute_id": str(self.attribute), "values": dice.sample(["red", "blue", "x"], 2)},
            "status": lambda: {"statuses": dice.sample(STATUSES, dice.randint(1, 2))},
            "created_at": lambda: {"since": first.isoformat(), "until": (first + timedelta(days=4)).isoformat()},
            "availability": lambda: {"is_available": dice.random() < 0.5},
            "all": lambda: {"of": [self.rule(depth + 1) for _ in range(dice.randint(1, 3))]},
            "any": lambda: {"of": [self.rule(depth + 1) for _ in range(dice.randint(1, 3))]},
            "not": lambda: {"of": self.rule(depth + 1)},
        }[kind]()}

    def edit(self) -> tuple[str, UUID]:
        """Change something; return the event's name and whom it is about."""
        dice, goods = self.dice, self.dice.choice(self.goods)
        field, value = dice.choice([
            ("category_id", dice.choice([None, *self.categories])), ("brand_id", dice.choice([None, *self.brands])),
            ("price_amount", dice.randint(1, 9) * 100), ("status", dice.choice(STATUSES)),
            ("deleted_at", dice.choice([None, None, NOON])), ("attribute", dice.choice(["red", "blue", "green"])),
            ("price", dice.randint(1, 9) * 100), ("stock", dice.randint(0, 1)), ("limit", dice.randint(0, 1)),
            ("tree", dice.choice([None, *self.categories[:3]]))])
        change: dict[str, Callable[[], tuple[str, UUID]]] = {
            "attribute": lambda: self._attribute(goods.product_id, value),
            "price": lambda: self._price(goods.product_id, value),
            "stock": lambda: self._level(goods.variant_id, "on_hand", value),
            "limit": lambda: self._level(goods.variant_id, "backorder_limit", value),
            "tree": lambda: self._tree(value)}
        if field in change:
            return change[field]()
        cast = "CAST(:value AS product_status)" if field == "status" else ":value"
        self.shop.execute(f"UPDATE products SET {field} = {cast} WHERE id = :id", id=goods.product_id, value=value)
        return "product.updated", goods.product_id

    def _attribute(self, product: UUID, value: str) -> tuple[str, UUID]:
        self.shop.execute("DELETE FROM product_attribute_values WHERE product_id = :id", id=product)
        self.shop.execute("""
            INSERT INTO product_attribute_values (store_id, product_id, attribute_id, value)
            VALUES (:store, :id, :attribute, :value)""", id=product, attribute=self.attribute, value=value)
        return "product.updated", product

    def _price(self, product: UUID, amount: int) -> tuple[str, UUID]:
        currency = self.dice.choice(["USD", "EUR"])
        self.shop.execute("DELETE FROM product_price WHERE product_id = :id AND currency = :currency", id=product,
                          currency=currency)
        if self.dice.random() < 0.7:
            self.shop.execute("""
                INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
                VALUES (:store, :id, :currency, :amount, now() - interval '1 day')""", id=product, currency=currency,
                amount=amount)
        return "price.changed", product

    def _level(self, variant: UUID, column: str, value: int) -> tuple[str, UUID]:
        self.shop.execute(f"UPDATE inventory_level SET {column} = :value WHERE variant_id = :id", id=variant,
                          value=value)
        return "inventory.level_changed", variant

    def _tree(self, parent: UUID | None) -> tuple[str, UUID]:
        moved = self.categories[4]
        self.shop.execute("UPDATE categories SET parent_id = :parent WHERE id = :id", id=moved, parent=parent)
        return "category.updated", moved


def members(shop: Shop) -> dict[UUID, set[UUID]]:
    """Return what is in each collection of the shop."""
    found: dict[UUID, set[UUID]] = {}
    with shop.database.session_for(shop.store_id) as session:
        for row in session.execute(text("SELECT collection_id, product_id FROM collection_product")):
            found.setdefault(row[0], set()).add(row[1])
    return found


def make(shop: Shop, rule: dict[str, Any], name: str) -> UUID:
    with shop.database.session_for(shop.store_id) as session:
        return create_collection(session, store_id=shop.store_id, clock=FixedClock(NOON),
                                 new=NewCollection(name=name, rule=rule)).id


def follow(work: Work, shop: Shop, name: str, entity: UUID) -> None:
    """Do what the followers of the event do, of this room."""
    tasks = {task.name: task for task in TASKS}
    for follower in FOLLOWERS[name]:
        if follower.startswith("merchandising."):
            tasks[follower].run(work, store_id=str(shop.store_id), entity_id=str(entity), event_id="")


def test_incremental_equals_full_rebuild_on_random_edits(shop: Shop) -> None:
    dice = random.Random(20261124)
    world, work = World(shop, dice), Work(shop.database, FixedClock(NOON), FOLLOWERS)
    rules = {make(shop, rule, f"R {number}"): rule for number, rule in
             enumerate([world.rule() for _ in range(16)])}
    for step in range(EDITS):
        follow(work, shop, *world.edit())
        if step % 20 and step != EDITS - 1:
            continue
        incremental = members(shop)
        facts: list[Facts] = gather(shop)
        meant = {key: {each.product_id for each in facts if not each.is_deleted and means(read_rule(rule), each)}
                 for key, rule in rules.items()}
        assert incremental == {key: ids for key, ids in meant.items() if ids}, step
        for key in rules:
            with shop.database.session_for(shop.store_id) as session:
                fill_collection(session, store_id=shop.store_id, collection_id=key)
        assert members(shop) == incremental, step
    assert any(incremental.values())


@pytest.mark.race
def test_of_edits_at_once_the_last_one_stays(shop: Shop) -> None:
    goods = shop.product(100)
    cheap, dear = (make(shop, {"type": "price", "currency": "USD", **limit}, name) for limit, name in
                   (({"most": 499}, "cheap"), ({"least": 500}, "dear")))

    def edit(amount: int) -> None:
        shop.execute("UPDATE products SET price_amount = :amount WHERE id = :id", amount=amount, id=goods.product_id)
        with shop.database.session_for(shop.store_id) as session:
            refresh_products(session, store_id=shop.store_id, product_ids=[goods.product_id])

    for _ in range(3):
        at_once([lambda amount=amount: edit(amount) for amount in (100, 900, 200, 800, 300, 700)])
        price = shop.execute("SELECT price_amount FROM products WHERE id = :id", id=goods.product_id)
        assert members(shop) == {cheap if price < 500 else dear: {goods.product_id}}


def test_another_rule_fills_anew_and_one_by_hand_has_none(shop: Shop) -> None:
    a, b = shop.product(100), shop.product(900)
    key = make(shop, {"type": "price", "currency": "USD", "most": 500}, "Cheap")
    assert members(shop) == {key: {a.product_id}}

    def change(collection: UUID, rule: dict[str, Any]) -> None:
        with shop.database.session_for(shop.store_id) as session:
            update_collection(session, store_id=shop.store_id, collection_id=collection, changes={"rule": rule},
                              clock=FixedClock(NOON))

    change(key, {"type": "not", "of": {"type": "price", "currency": "USD", "most": 500}})
    assert members(shop) == {key: {b.product_id}}
    with shop.database.session_for(shop.store_id) as session:
        by_hand = create_collection(session, store_id=shop.store_id, new=NewCollection(name="Hand"),
                                    clock=FixedClock(NOON)).id
    with pytest.raises(RuleMissing):
        change(by_hand, {"type": "availability"})


NESTED: dict[str, Any] = {"type": "availability"}
for _ in range(6):
    NESTED = {"type": "not", "of": NESTED}
DEEP: Any = {"type": "availability"}
for _ in range(3000):
    DEEP = {"type": "not", "of": DEEP}


@pytest.mark.parametrize(("rule", "place"), [
    ({}, "rule"), ([], "rule"), ({"type": "colour"}, "rule"), ({"type": "brand"}, "rule.brand.brand_ids"),
    ({"type": "brand", "brand_ids": []}, "rule.brand.brand_ids"),
    ({"type": "brand", "brand_ids": ["x"]}, "rule.brand.brand_ids.0"),
    ({"type": "availability", "extra": 1}, "rule.availability.extra"),
    ({"type": "price", "currency": "USD"}, "rule.price"), ({"type": "price", "currency": "usd", "least": 1},
                                                           "rule.price.currency"),
    ({"type": "price", "currency": "USD", "least": 2, "most": 1}, "rule.price"),
    ({"type": "price", "currency": "USD", "least": 1.5}, "rule.price.least"),
    ({"type": "created_at", "since": "2026-01-01T00:00:00"}, "rule.created_at.since"),
    ({"type": "all", "of": []}, "rule.all.of"), ({"type": "any", "of": [{"type": "x"}]}, "rule.any.of.0"),
    ({"type": "attribute", "attribute_id": str(UUID(int=1)), "values": ["a\x00"]}, "rule.attribute.values.0"),
    ({"type": "all", "of": [{"type": "availability"}] * 60}, "rule"), (NESTED, "rule"), (DEEP, "rule")])
def test_a_rule_that_cannot_be_read_is_refused_by_its_place(rule: Any, place: str) -> None:
    with pytest.raises(RuleInvalid) as refused:
        read_rule(rule)
    assert refused.value.field == place


def test_a_rule_is_written_as_it_is_read() -> None:
    rule = {"type": "any", "of": [{"type": "availability"}, {"type": "not", "of": {"type": "status",
                                                                                  "statuses": ["DRAFT"]}}]}
    written = write_rule(read_rule(rule))
    assert written["of"][0] == {"type": "availability", "is_available": True}
    assert write_rule(read_rule(written)) == written


def test_stock_that_is_sold_out_and_comes_back_is_followed(shop: Shop) -> None:
    goods = shop.product(stock=3)
    key = make(shop, {"type": "availability"}, "Here")
    for delta, name, expected in ((-3, "inventory.sold_out", {}), (2, "inventory.back_in_stock",
                                                                   {key: {goods.product_id}})):
        with shop.database.session_for(shop.store_id) as session:
            adjust_stock(session, store_id=shop.store_id, variant_id=goods.variant_id, delta=delta,
                         reason_code="manual")
        assert len(events(shop, name)) == 1
        follow(Work(shop.database, FixedClock(NOON), FOLLOWERS), shop, name, goods.variant_id)
        assert members(shop) == expected


def test_prices_that_begin_by_the_clock_are_found_by_the_hourly_filling(shop: Shop) -> None:
    goods = shop.product(100)
    key = make(shop, {"type": "price", "currency": "USD", "most": 500}, "Cheap")
    shop.execute("UPDATE products SET price_amount = 900 WHERE id = :id", id=goods.product_id)
    assert members(shop) == {key: {goods.product_id}}
    fill_all(Work(shop.database, FixedClock(NOON), FOLLOWERS))
    assert members(shop) == {}
