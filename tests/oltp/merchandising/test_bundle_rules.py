"""What bundles save and how many there are: exact, never below nothing, never above the line."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.rules import sum_demand
from oltp.kit.clock import FixedClock
from oltp.merchandising.bundles_actions import NewBundle, create_bundle, delete_bundle, update_bundle
from oltp.merchandising.bundles_queries import collections_of_products, get_bundles
from oltp.merchandising.rules import BundleParts, bundle_availability, bundle_demand, bundle_saving
from tests.conftest import NOON, cloned_database
from tests.selling import Shop, open_shop

KEYS = [UUID(int=number) for number in range(1, 7)]
items = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 9), min_size=1).map(lambda found: tuple(found.items()))
amounts = st.fixed_dictionaries(dict.fromkeys(KEYS, st.integers(0, 10**6)))


def bundle(parts: tuple[tuple[UUID, int], ...], **pricing: object) -> BundleParts:
    given = {"pricing": "sum", "amount": None, "currency": None, "percent": None, **pricing}
    return BundleParts(uuid4(), "B", items=parts, **given)


@given(items, amounts, st.integers(1, 50), st.integers(0, 10**7))
def test_a_fixed_price_is_what_is_paid_unless_the_parts_cost_less(parts, units, quantity: int, amount: int) -> None:
    saved = bundle_saving(bundle(parts, pricing="fixed", amount=amount, currency="USD"), units, quantity, "USD")
    lines = {key: units[key] * count * quantity for key, count in parts}
    assert all(0 <= saved[key] <= line for key, line in lines.items()) and saved.keys() == lines.keys()
    assert sum(lines.values()) - sum(saved.values()) == min(amount * quantity, sum(lines.values()))
    foreign = bundle_saving(bundle(parts, pricing="fixed", amount=amount, currency="EUR"), units, quantity, "USD")
    assert set(foreign.values()) == {0}


@given(items, amounts, st.integers(1, 50), st.integers(1, 100_000))
def test_a_percentage_is_rounded_once_and_split_exactly(parts, units, quantity: int, thousandths: int) -> None:
    percent = Decimal(thousandths).scaleb(-3)
    saved = bundle_saving(bundle(parts, pricing="percent", percent=percent), units, quantity, "JPY")
    lines = {key: units[key] * count * quantity for key, count in parts}
    exact = Fraction(sum(lines.values())) * thousandths / 100_000
    assert sum(saved.values()) == round(exact)
    assert all(0 <= saved[key] <= line for key, line in lines.items())
    for key, line in lines.items():
        assert abs(saved[key] - Fraction(line) * thousandths / 100_000) < 2
    assert set(bundle_saving(bundle(parts), units, quantity, "JPY").values()) == {0}


@given(items, st.dictionaries(st.sampled_from(KEYS), st.none() | st.integers(-3, 60)))
def test_availability_is_the_most_that_can_be_made(parts, here: dict[UUID, int | None]) -> None:
    found = bundle_availability(bundle(parts), here)
    counted = [(here.get(key, 0), count) for key, count in parts if here.get(key, 0) is not None]
    if not counted:
        assert found is None
        return
    most = max(n for n in range(70) if n == 0 or all(n * count <= left for left, count in counted))
    assert found == most


def test_demand_of_a_bundle_and_its_part_is_summed() -> None:
    a, b = KEYS[:2]
    assert sum_demand([*bundle_demand(bundle(((a, 2), (b, 1))), 3), (a, 1)]) == {a: 7, b: 3}


@pytest.fixture(scope="module")
def shop(server_url: str, template: str) -> Iterator[Shop]:
    with cloned_database(server_url, template) as database:
        yield open_shop(database)


def test_only_what_can_be_bought_is_returned_in_its_order(shop: Shop) -> None:
    store, database, clock = shop.store_id, shop.database, FixedClock(NOON)
    a, b = shop.product(), shop.product()
    parts = [(b.variant_id, 2), (a.variant_id, 1)]
    with database.session_for(store) as session:
        made = [create_bundle(session, store_id=store, clock=clock, new=NewBundle(
            name=f"B {number}", items=parts, pricing="percent", discount_percent=Decimal("12.5"))).id
            for number in range(3)]
        delete_bundle(session, store_id=store, bundle_id=made[0], clock=clock)
        update_bundle(session, store_id=store, bundle_id=made[1], changes={"is_active": False}, clock=clock)
    with database.session_for(store) as session:
        found = get_bundles(session, store_id=store, bundle_ids=[*made, uuid4()])
    assert found == {made[2]: BundleParts(made[2], "B 2", "percent", None, None, Decimal("12.5"), tuple(parts))}


def test_collections_of_products_are_those_that_are_not_deleted(shop: Shop) -> None:
    store, database = shop.store_id, shop.database
    a, b, c = (shop.product().product_id for _ in range(3))
    keys = [shop.execute("INSERT INTO collection (store_id, name, slug) VALUES (:store, 'C', :slug) RETURNING id",
                         slug=f"c{number}") for number in range(3)]
    for collection, product in ((keys[0], a), (keys[1], a), (keys[2], b), (keys[0], b)):
        shop.execute("""INSERT INTO collection_product (store_id, collection_id, product_id)
                        VALUES (:store, :collection, :product)""", collection=collection, product=product)
    shop.execute("UPDATE collection SET deleted_at = now() WHERE id = :id", id=keys[2])
    with database.session_for(store) as session:
        found = collections_of_products(session, store_id=store, product_ids=[a, b, c])
    assert found == {a: frozenset(keys[:2]), b: frozenset(keys[:1]), c: frozenset()}


def test_another_store_has_none_of_them(shop: Shop) -> None:
    other = open_shop(shop.database)
    database: Database = shop.database
    with database.session_for(shop.store_id) as session:
        mine = list(session.scalars(text("SELECT id FROM product_bundle")))
    with database.session_for(other.store_id) as session:
        assert get_bundles(session, store_id=other.store_id, bundle_ids=mine) == {}
