"""Writers of the catalog at once, on real connections: slugs, SKUs, the tree, deletions, the order of images."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from oltp.catalog.attributes import WantedValue, create_attribute, delete_attribute, set_product_values
from oltp.catalog.brands import create_brand, delete_brand
from oltp.catalog.categories import NewCategory, create_category, delete_category, update_category
from oltp.catalog.errors import SkuTaken
from oltp.catalog.images import NewImage, order_images
from oltp.catalog.products import NewProduct, create_product, update_product
from oltp.catalog.variants import NewVariant, create_variant, delete_variant, list_live
from oltp.db.session import Database
from oltp.invariants import check_invariants
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Refusal
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.selling import Shop, open_shop

ROUNDS = 20 if IS_FULL else 3
WRITERS = 32 if IS_FULL else 8
CLOCK = FixedClock(NOON)
Write = Callable[[Session], object]


@pytest.fixture(scope="module")
def whole(server_url: str, template: str) -> Iterator[Database]:
    """The database that the races share, each in a store of its own."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(whole: Database) -> Iterator[Shop]:
    """A shop of the test's own; whatever raced in it, every rule of the catalog still holds."""
    shop = open_shop(whole)
    yield shop
    with whole.worker_session() as session:
        broken = [finding for finding in check_invariants(session, store_id=shop.store_id) if not finding.holds]
    assert broken == []


def race(shop: Shop, *writes: Write) -> list[Refusal | None]:
    """Let all begin at once, each in a transaction of its own; return their refusals."""
    barrier = Barrier(len(writes))

    def run(write: Write) -> Refusal | None:
        barrier.wait()
        try:
            with shop.database.session_for(shop.store_id) as session:
                write(session)
        except Refusal as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(writes)) as pool:
        return list(pool.map(run, writes))


def make(shop: Shop, sku: str, *, category_id: UUID | None = None, brand_id: UUID | None = None, images: int = 0,
         variants: int = 0) -> Write:
    """Return what makes a product that is called Shirt."""
    wanted = NewProduct(
        "Shirt", sku, "USD", 1000, columns={"category_id": category_id, "brand_id": brand_id},
        variants=tuple(NewVariant(str(n), f"{sku}-{n}", {"n": str(n)}) for n in range(variants)),
        images=tuple(NewImage(f"/{n}.jpg") for n in range(images)))
    return lambda session: create_product(session, store_id=shop.store_id, wanted=wanted, clock=CLOCK).id


def alone(shop: Shop, write: Write) -> UUID:
    """Run one write; return the id it says."""
    with shop.database.session_for(shop.store_id) as session:
        made = write(session)
    assert isinstance(made, UUID)
    return made


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_slug_derived_from_the_name_is_safe_under_concurrency(shop: Shop, _: int) -> None:
    assert race(shop, *(make(shop, f"S{n}") for n in range(WRITERS))) == [None] * WRITERS
    slugs = shop.execute("SELECT array_agg(slug) FROM products WHERE store_id = :store")
    assert sorted(slugs) == sorted(["shirt", *(f"shirt-{n}" for n in range(1, WRITERS))])


@pytest.mark.parametrize("_", range(ROUNDS))
def test_of_many_who_want_one_sku_one_gets_it(shop: Shop, _: int) -> None:
    refusals = [each for each in race(shop, *(make(shop, "ONE") for _ in range(WRITERS))) if each is not None]
    assert len(refusals) == WRITERS - 1
    assert {(type(each), each.field) for each in refusals} == {(SkuTaken, "sku")}


@pytest.mark.parametrize("_", range(ROUNDS))
def test_no_cycle_under_concurrency(shop: Shop, _: int) -> None:
    def category(name: str) -> UUID:
        return alone(shop, lambda session: create_category(
            session, store_id=shop.store_id, wanted=NewCategory(name), clock=CLOCK).id)

    ring = [category(f"c{n}") for n in range(4)]

    def move(one: UUID, below: UUID) -> Write:
        return lambda session: update_category(
            session, store_id=shop.store_id, category_id=one, changes={"parent_id": below}, clock=CLOCK)

    refusals = race(shop, *(move(one, ring[(place + 1) % 4]) for place, one in enumerate(ring)))
    assert sum(each is not None for each in refusals) == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_no_product_enters_a_category_or_brand_that_is_being_deleted(shop: Shop, _: int) -> None:
    category = alone(shop, lambda session: create_category(
        session, store_id=shop.store_id, wanted=NewCategory("Shirts"), clock=CLOCK).id)
    brand = alone(shop, lambda session: create_brand(session, store_id=shop.store_id, name="Acme", clock=CLOCK).id)
    race(shop,
         lambda session: delete_category(session, store_id=shop.store_id, category_id=category, clock=CLOCK),
         lambda session: delete_brand(session, store_id=shop.store_id, brand_id=brand, clock=CLOCK),
         *(make(shop, f"C{n}", category_id=category) for n in range(3)),
         *(make(shop, f"B{n}", brand_id=brand) for n in range(3)))
    # The fixture's invariants look for a live product in a deleted one.


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_product_keeps_a_variant_whoever_deletes(shop: Shop, _: int) -> None:
    product = alone(shop, make(shop, "V", variants=4))
    with shop.database.session_for(shop.store_id) as session:
        ids = [each.id for each in list_live(session, store_id=shop.store_id, product_id=product)]

    def drop(variant: UUID) -> Write:
        return lambda session: delete_variant(
            session, store_id=shop.store_id, product_id=product, variant_id=variant, clock=CLOCK)

    refusals = race(shop, *map(drop, ids))
    assert sum(each is not None for each in refusals) == 1
    assert shop.execute("""SELECT count(*) FROM product_variants WHERE store_id = :store AND is_default
                           AND deleted_at IS NULL""") == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_the_order_of_images_is_one_of_those_asked_for(shop: Shop, _: int) -> None:
    product = alone(shop, make(shop, "I", images=6))
    ids = shop.execute("SELECT array_agg(id ORDER BY position) FROM product_image WHERE store_id = :store")
    orders = [ids[n:] + ids[:n] for n in range(6)]

    def turn(order: list[UUID]) -> Write:
        return lambda session: order_images(
            session, store_id=shop.store_id, product_id=product, image_ids=order, clock=CLOCK)

    assert race(shop, *map(turn, orders)) == [None] * 6
    found = shop.execute("SELECT array_agg(id ORDER BY position) FROM product_image WHERE store_id = :store")
    places = shop.execute("SELECT array_agg(position ORDER BY position) FROM product_image WHERE store_id = :store")
    assert found in orders and places == list(range(6))


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_attribute_is_not_deleted_while_a_value_is_given(shop: Shop, _: int) -> None:
    product = alone(shop, make(shop, "A"))
    attribute = alone(shop, lambda session: create_attribute(
        session, store_id=shop.store_id, name="Size", values=["S"], clock=CLOCK).id)
    refusals = race(
        shop,
        lambda session: delete_attribute(session, store_id=shop.store_id, attribute_id=attribute, clock=CLOCK),
        lambda session: set_product_values(session, store_id=shop.store_id, product_id=product,
                                           wanted=[WantedValue(attribute, "S")], clock=CLOCK))
    assert sum(each is None for each in refusals) == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_edits_of_one_product_leave_no_edit_out(shop: Shop, _: int) -> None:
    product = alone(shop, make(shop, "E"))
    fields = ("barcode", "meta_title", "meta_description", "short_description")

    def edit(name: str) -> Write:
        return lambda session: update_product(
            session, store_id=shop.store_id, product_id=product, changes={name: "new"}, clock=CLOCK)

    def add(number: int) -> Write:
        return lambda session: create_variant(
            session, store_id=shop.store_id, product_id=product, clock=CLOCK,
            wanted=NewVariant("v", f"E-{number}", {"n": str(number)}))

    assert race(shop, *map(edit, fields), *map(add, range(3))) == [None] * 7
    assert shop.execute(f"SELECT num_nonnulls({', '.join(fields)}) FROM products WHERE store_id = :store") == 4
    versions = shop.execute("SELECT updated_at FROM products WHERE store_id = :store")
    assert (versions - NOON).microseconds == 7
