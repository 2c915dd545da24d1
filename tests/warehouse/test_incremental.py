"""Rebuilding the touched keys gives what a full rebuild gives, whatever happened in between."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from oltp.db.session import Database
from tests.conftest import IS_FULL, cloned_database, create_store
from tests.lakes import KeptLake
from tests.warehouse.flowing import NOW, assert_equals_full_rebuild, flow
from tests.warehouse.shop import Shop
from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.models import MODELS
from warehouse.refresh import refresh, refresh_all


class RandomShop:
    """Does random things to a shop, within a few months, so that they meet."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.chance = shop, random.Random(seed)
        self.products = [shop.product(f"P{shop.number()}") for _ in range(5)]
        self.customers = [shop.customer(f"c{shop.number()}@example.test") for _ in range(4)]
        self.visitors = [shop.visitor(f"v{shop.number()}") for _ in range(4)]
        self.orders: list[UUID] = []
        self.events: list[tuple[UUID, UUID]] = []
        self.acts: tuple[Callable[[], None], ...] = (
            self.order, self.order, self.visit, self.visit, self.refund, self.switch, self.identify, self.alter_order,
            self.alter_line, self.delete_order, self.repeat_event, self.rename_product, self.process, self.guest_order,
        )  # fmt: skip

    def moment(self) -> str:
        month, day, hour = self.chance.randint(8, 11), self.chance.randint(1, 24), self.chance.randint(0, 23)
        return f"2026-{month:02d}-{day:02d} {hour:02d}:30"

    def lines(self) -> list[tuple[UUID, int, int]]:
        chosen = self.chance.sample(self.products, self.chance.randint(1, 3))
        return [(product, self.chance.randint(1, 4), 100 * self.chance.randint(4, 40)) for product in chosen]

    def order(self) -> None:
        customer = self.chance.choice(self.customers)
        self.orders.append(
            self.shop.order(self.moment(), *self.lines(), customer=customer, discount=self.chance.choice((0, 90)))
        )

    def guest_order(self) -> None:
        address = self.chance.choice((None, '{"email": "guest@example.test"}'))
        origin = self.chance.choice(("storefront", "opening"))
        self.orders.append(self.shop.order(self.moment(), *self.lines(), shipping_address=address, origin=origin))

    def some_order(self) -> UUID:
        if not self.orders:
            self.order()
        return self.chance.choice(self.orders)

    def visit(self) -> None:
        visitor, moment = self.chance.choice(self.visitors), self.moment()
        source = self.chance.choice((None, "google", "newsletter"))
        for name in ("page_view", "product_view", "add_to_cart")[: self.chance.randint(1, 3)]:
            is_bot = self.chance.random() < 0.1
            key = self.shop.event(name, moment, visitor, utm_source=source, is_bot=is_bot)
            self.events.append((key, visitor))

    def repeat_event(self) -> None:
        """The same event id with another time, received earlier or later than the first, perhaps of somebody else."""
        if self.events:
            key, visitor = self.chance.choice(self.events)
            other = self.chance.choice((visitor, *self.visitors))
            try:
                self.shop.event("page_view", self.moment(), other, event_id=key)
            except Exception as error:
                assert "duplicate key" in str(error)

    def refund(self) -> None:
        order = self.some_order()
        moment = self.chance.choice((None, self.moment()))
        self.shop.refund(order, moment, ("amount", 50, None), ("shipping", 20, None))

    def process(self) -> None:
        self.shop.execute(
            "UPDATE refund SET status = 'processed', processed_at = :moment "
            "WHERE status = 'pending' AND store_id = :store",
            moment=f"{self.moment()}+00",
        )

    def switch(self) -> None:
        self.shop.happened(
            self.chance.choice(("order.cancelled", "order.reactivated")), self.some_order(), self.moment()
        )

    def identify(self) -> None:
        visitor, customer = self.chance.choice(self.visitors), self.chance.choice(self.customers)
        self.shop.identify(visitor, customer)

    def alter_order(self) -> None:
        changes = (
            "is_test = NOT is_test",
            f"placed_at = '{self.moment()}+00'",
            "deleted_at = now()",
            "deleted_at = NULL",
            "order_discount_amount = order_discount_amount + 10",
        )
        change = self.chance.choice(changes)
        self.shop.execute(f"UPDATE orders SET {change} WHERE id = :order", order=self.some_order())

    def alter_line(self) -> None:
        self.shop.execute(
            "UPDATE order_items SET line_subtotal_amount = line_subtotal_amount + 100, product_id = :product "
            "WHERE order_id = :order AND ordinal = 1",
            order=self.some_order(),
            product=self.chance.choice(self.products),
        )

    def delete_order(self) -> None:
        order = self.some_order()
        self.orders.remove(order)
        self.shop.execute("DELETE FROM orders WHERE id = :order", order=order)

    def rename_product(self) -> None:
        status = self.chance.choice(("ACTIVE", "ARCHIVED"))
        self.shop.execute(
            "UPDATE products SET name = name || '!', status = :status WHERE id = :product",
            status=status,
            product=self.chance.choice(self.products),
        )


SEEDS, STEPS = (range(1, 11), 4) if IS_FULL else (range(1, 2), 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_histories(database: Database, shop: Shop, lake: Lake, seed: int) -> None:
    other = Shop(database, create_store(database, slug="other", currency="EUR", timezone="Asia/Tokyo"), currency="EUR")
    shops = [RandomShop(shop, seed), RandomShop(other, seed + 100)]
    for step in range(STEPS):
        for actor in shops:
            for _ in range(1 if step % 2 else 12):
                actor.chance.choice(actor.acts)()
        flow(lake)
        assert_equals_full_rebuild(lake)
    assert [name for name in MODELS if refresh(lake, name, full=True).rows_changed] == []


@dataclass(frozen=True)
class Rest:
    """A lake at rest, every model up to date, and shops in it: each test acts in its own and leaves the lake at rest.

    `busy` has nine days with an order of one customer each, the others have one order.
    """

    lake: Lake
    busy: Shop
    quiet: Shop
    late: Shop


@pytest.fixture(scope="module")
def rest(
    server_url: str, template: str, empty_lake: KeptLake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rest]:
    """The shops and the lake, made once."""
    with (
        cloned_database(server_url, template) as database,
        empty_lake.copied(database.url, tmp_path_factory.mktemp("rest") / "lake") as lake,
    ):
        busy, quiet, late = (Shop(database, create_store(database, slug=slug)) for slug in ("busy", "quiet", "late"))
        tea, ada = busy.product("TEA"), busy.customer("ada@example.test")
        for number in range(1, 10):
            busy.order(f"2026-11-0{number} 15:00", (tea, 1, 1000), customer=ada)
        for shop in (quiet, late):
            shop.order("2026-11-01 15:00", (shop.product("TEA"), 1, 1000))
        flow(lake)
        refresh_all(lake)
        yield Rest(lake, busy, quiet, late)


def test_a_second_run_changes_nothing(rest: Rest) -> None:
    lake = rest.lake
    snapshots = lake.snapshot_id()
    assert all(each.rows_changed == 0 and each.mode != "touched" for each in refresh_all(lake))
    again = extract(lake, taken_at=NOW)
    assert (again.mode, again.touched) == ("delta", {})
    assert sum(each.inserted for each in again.tables.values()) == 0
    assert lake.snapshot_id() > snapshots


def test_the_check_of_equality_can_fail(rest: Rest) -> None:
    """The proof that the checks above and in the stories can."""
    for step in ("+ 1", "- 1"):
        with rest.lake.transaction() as connection:
            connection.execute(f"UPDATE marts.daily_store_metrics SET orders_count = orders_count {step}")
        if step == "+ 1":
            with pytest.raises(AssertionError, match=r"marts\.daily_store_metrics"):
                assert_equals_full_rebuild(rest.lake)
    assert_equals_full_rebuild(rest.lake)


def test_only_touched_keys_are_rebuilt(rest: Rest) -> None:
    """One more order by a known customer touches its day, one order and two cohorts; not the days before."""
    lake, shop = rest.lake, rest.busy
    tea = shop.execute("SELECT id FROM products WHERE store_id = :store")
    ada = shop.execute("SELECT id FROM customers WHERE store_id = :store")
    shop.order("2026-11-09 16:00", (tea, 1, 1000), customer=ada)
    extract(lake, taken_at=NOW)
    done = {each.model: each for each in refresh_all(lake)}
    assert (done["staging.orders"].mode, done["staging.orders"].touched_count) == ("touched", 1)
    daily = done["marts.daily_store_metrics"]
    assert (daily.mode, daily.touched_count, daily.rows_inserted) == ("touched", 1, 1)
    assert done["marts.cohort_metrics"].touched_count == 2
    assert done["marts.order_attribution"].touched_count == 1
    assert done["staging.sessions"].mode == "nothing"


def test_a_change_that_moves_no_number_touches_nothing(rest: Rest) -> None:
    rest.quiet.execute("UPDATE orders SET status = 'SHIPPED', updated_at = now() WHERE store_id = :store")
    passed = extract(rest.lake, taken_at=NOW)
    assert (passed.tables["orders"].inserted, passed.touched) == (1, {})
    mine = {"store": rest.quiet.store_id}
    assert rest.lake.query("SELECT status FROM raw.orders WHERE store_id = $store", mine) == [("SHIPPED",)]


def test_refreshing_in_the_wrong_order_is_late_not_wrong(rest: Rest) -> None:
    lake, shop = rest.lake, rest.late
    daily = "FROM marts.daily_store_metrics WHERE store_id = $store"
    tea = shop.execute("SELECT id FROM products WHERE store_id = :store")
    shop.order("2026-11-02 15:00", (tea, 1, 700))
    extract(lake, taken_at=NOW)
    refresh(lake, "marts.daily_store_metrics")
    assert lake.query(f"SELECT COUNT(*) {daily}", {"store": shop.store_id}) == [(1,)]
    refresh_all(lake)
    assert lake.query(f"SELECT SUM(gross_sales_amount) {daily}", {"store": shop.store_id}) == [(1700,)]
