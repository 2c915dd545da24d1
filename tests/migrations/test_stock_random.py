"""Random programs of both kinds, one after the other: legacy, levels and ledger always say what a plain model says."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.migrations.stock import Shop

EXAMPLES = 500 if os.environ.get("STORMCOM_TEST_SCALE") == "full" else 10
# The stock of product A lies in its default variant, that of B in one of its own beside B-1 and B-2.
HOMES = {"A": "A", "B": "B-unassigned"}
STOCKS = ("A", "B-unassigned", "B-1", "B-2")
products = st.sampled_from(("A", "B"))
stocks = st.sampled_from(STOCKS)
numbers = st.integers(-4, 12)
operations = st.one_of(
    st.tuples(st.just("set product"), products, numbers), st.tuples(st.just("sell product"), products, st.just(1)),
    st.tuples(st.just("set variant"), stocks, numbers), st.tuples(st.just("sell variant"), stocks, st.just(2)),
    st.tuples(st.just("move level"), stocks, numbers), st.tuples(st.just("log"), products, numbers),
    st.tuples(st.just("step"), st.sampled_from(("off", "shadow", "dual", "read_new")), st.just(0)),
    st.tuples(st.just("backfill"), st.just(""), st.just(0)))


@pytest.fixture(scope="module")
def legacy(server_url: str, adopted_template: str) -> Iterator[Database]:
    with cloned_database(server_url, adopted_template) as database:
        yield database


class Model:
    """A quantity a stock, and the programs' statements beside it."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.step = shop, "shadow"
        self.held = {"A": 5, "B-unassigned": 6, "B-1": 7, "B-2": 0}

    def set_product(self, sku: str, number: int) -> None:
        self.shop.run("UPDATE products SET inventory_qty = :n WHERE sku = :sku", sku=sku, n=number)
        self.held[HOMES[sku]] = number

    def sell_product(self, sku: str, number: int) -> None:
        self.shop.run("UPDATE products SET inventory_qty = inventory_qty - :n WHERE sku = :sku", sku=sku, n=number)
        self.held[HOMES[sku]] -= number

    def set_variant(self, sku: str, number: int) -> None:
        if self._counts(sku):
            self.shop.run("UPDATE product_variants SET inventory_qty = :n WHERE sku = :sku", sku=sku, n=number)
            self.held[sku] = number

    def sell_variant(self, sku: str, number: int) -> None:
        if self._counts(sku):
            self.shop.run("UPDATE product_variants SET inventory_qty = inventory_qty - :n WHERE sku = :sku", sku=sku,
                          n=number)
            self.held[sku] -= number

    def move_level(self, sku: str, number: int) -> None:
        if self.step in ("dual", "read_new") and number and self.held[sku] >= 0 and self.held[sku] + number >= 0:
            self.shop.move_level(sku, number)
            self.held[sku] += number

    def log(self, sku: str, number: int) -> None:
        (product,) = self.shop.run("SELECT id FROM products WHERE sku = :sku", sku=sku)
        self.shop.log(product, (0, number, "Sale"))

    def backfill(self, _: str = "", __: int = 0) -> None:
        if self.step != "off":
            self.shop.backfill(size=1)

    def step_to(self, step: str, _: int) -> None:
        was, self.step = self.step, step
        self.shop.stand_at(step)
        if was == "off":
            self.backfill()

    def _counts(self, sku: str) -> bool:
        """At off the column of a product's holder is nobody's: the product's leads."""
        return self.step != "off" or sku not in HOMES.values()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(operations, min_size=1, max_size=12))
def test_any_order_of_programs(legacy: Database, programs: list[tuple[str, str, int]]) -> None:
    shop = Shop.make(legacy)
    shop.add_product("A", 5)
    shop.add_product_with_variants("B", 6, 7, 0)
    model = Model(shop)
    model.step_to("shadow", 0)
    model.backfill()
    for name, target, number in programs:
        getattr(model, "step_to" if name == "step" else name.replace(" ", "_"))(target, number)
    if model.step == "off":
        model.step_to("shadow", 0)
    assert shop.levels() == model.held
    assert shop.legacy() == {**{f"{sku}*": held for sku, held in model.held.items()},
                             **{sku: model.held[home] for sku, home in HOMES.items()}}
    assert shop.divergences() == []
    for sku, held in model.held.items():
        assert sum(delta for _, delta, _ in shop.ledger(sku)) == held
