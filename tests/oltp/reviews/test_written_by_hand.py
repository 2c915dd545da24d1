"""Reviews that are written past the actions: the database refuses them itself, and leaves what legacy has left."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.selling import Shop, open_shop

WRITE = text("""
    INSERT INTO reviews (store_id, product_id, customer_id, rating, comment)
    VALUES (:store, :product, :customer, :rating, 'c') RETURNING id""")


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database that the tests of this module share."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    """A shop of the test's own."""
    return open_shop(shared)


def write(shop: Shop, product: UUID, customer: UUID | None, rating: int = 5) -> UUID:
    """Write a review as a program that knows nothing of the rules."""
    return UUID(str(shop.execute(WRITE.text, product=product, customer=customer, rating=rating)))


def constraint_of(error: DBAPIError) -> str | None:
    """The name of the constraint that was violated."""
    assert isinstance(error.orig, psycopg.Error)
    return error.orig.diag.constraint_name


@pytest.mark.parametrize("rating", [-1, 0, 6])
def test_a_rating_outside_1_to_5_is_refused(shop: Shop, rating: int) -> None:
    product = shop.product().product_id
    with pytest.raises(IntegrityError) as refused:
        write(shop, product, None, rating)
    assert constraint_of(refused.value) == "reviews_rating"
    review = write(shop, product, None)
    with pytest.raises(IntegrityError) as refused:
        shop.execute("UPDATE reviews SET rating = :rating WHERE store_id = :store AND id = :id RETURNING id", id=review,
                     rating=rating)
    assert constraint_of(refused.value) == "reviews_rating"


@pytest.mark.race
def test_of_two_raw_writers_one_reviews_the_product(shop: Shop) -> None:
    count, product, customer = 8, shop.product().product_id, shop.customer()
    barrier = Barrier(count)

    def review(_: int) -> str | None:
        try:
            with shop.database.session_for(shop.store_id) as session:
                barrier.wait()
                session.execute(WRITE, {"store": shop.store_id, "product": product, "customer": customer, "rating": 4})
        except IntegrityError as error:
            return constraint_of(error)
        return None

    with ThreadPoolExecutor(count) as pool:
        told = list(pool.map(review, range(count)))
    assert told.count(None) == 1 and told.count("reviews_once") == count - 1


def test_the_second_writer_waits_for_the_first(shop: Shop) -> None:
    """He learns what came of it: one who gives up leaves the place free."""
    product, customer = shop.product().product_id, shop.customer()
    values = {"store": shop.store_id, "product": product, "customer": customer, "rating": 4}
    with (pytest.raises(DBAPIError, match="lock timeout"), shop.database.session_for(shop.store_id) as second,
          shop.database.session_for(shop.store_id) as first):
        first.execute(WRITE, values)
        second.execute(text("SET LOCAL lock_timeout = '20ms'"))
        second.execute(WRITE, values)
    write(shop, product, customer)


def test_a_review_that_comes_back_or_moves_is_looked_at(shop: Shop) -> None:
    product, other, customer = shop.product().product_id, shop.product().product_id, shop.customer()
    gone, kept, elsewhere = write(shop, product, None), write(shop, product, customer), write(shop, other, customer)
    hide = "UPDATE reviews SET deleted_at = {} WHERE store_id = :store AND id = :id RETURNING id"
    shop.execute(hide.format("now()"), id=kept)
    newer = write(shop, product, customer)
    for statement, review in (
            (hide.format("NULL"), kept),
            ("UPDATE reviews SET customer_id = :customer WHERE store_id = :store AND id = :id RETURNING id", gone),
            ("UPDATE reviews SET product_id = :product WHERE store_id = :store AND id = :id RETURNING id", elsewhere)):
        with pytest.raises(IntegrityError) as refused:
            shop.execute(statement, id=review, customer=customer, product=product)
        assert constraint_of(refused.value) == "reviews_once"
    shop.execute(hide.format("now()"), id=newer)
    assert shop.execute(hide.format("NULL"), id=kept) == kept


def test_what_legacy_left_stays_and_can_be_changed(shop: Shop) -> None:
    """Its duplicates and ratings are neither refused nor healed when something else of them is written."""
    product, customer = shop.product().product_id, shop.customer()
    with psycopg.connect(shop.database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO reviews (store_id, product_id, customer_id, rating, comment) SELECT %s, %s, %s, 9, 'c' "
            "FROM generate_series(1, 2)", (shop.store_id, product, customer))
    with shop.database.session_for(shop.store_id) as session:
        changed = session.execute(
            text("UPDATE reviews SET comment = 'd', rating = rating, is_approved = true, deleted_at = NULL, "
                 "customer_id = customer_id WHERE store_id = :store AND product_id = :product RETURNING rating"),
            {"store": shop.store_id, "product": product})
        assert [row.rating for row in changed] == [9, 9]
        changed = session.execute(text("UPDATE reviews SET rating = 5 WHERE store_id = :store RETURNING rating"),
                                  {"store": shop.store_id})
        assert [row.rating for row in changed] == [5, 5]
