"""Each invariant of the catalog finds the row that was corrupted, and nothing before that."""

from collections.abc import Iterator

import psycopg
import pytest

from oltp.catalog.invariants import INVARIANTS
from oltp.db.session import Database
from oltp.invariants import check_invariant
from tests.conftest import cloned_database
from tests.selling import open_shop

CORRUPTIONS = {
    "every_live_product_has_a_live_variant":
        "UPDATE product_variants SET deleted_at = now() WHERE store_id = %(store)s",
    "no_category_is_below_itself": "UPDATE categories SET parent_id = id WHERE store_id = %(store)s",
    "no_live_row_is_in_a_deleted_category_or_brand":
        "UPDATE categories SET deleted_at = now() WHERE store_id = %(store)s",
    "what_belongs_to_a_deleted_product_is_deleted":
        "UPDATE products SET deleted_at = now() WHERE store_id = %(store)s",
}


@pytest.fixture(scope="module")
def whole(server_url: str, template: str) -> Iterator[Database]:
    """The database that the tests share."""
    with cloned_database(server_url, template) as database:
        yield database


def test_every_invariant_is_corrupted_here() -> None:
    assert set(CORRUPTIONS) == set(INVARIANTS)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_a_corrupted_row_of_the_catalog_is_found(whole: Database, name: str) -> None:
    shop = open_shop(whole)
    category = shop.execute("INSERT INTO categories (store_id, name, slug) VALUES (:store, 'c', 'c') RETURNING id")
    shop.product(category_id=category)

    def count() -> int:
        with whole.worker_session() as session:
            return check_invariant(session, name=f"catalog.{name}", store_id=shop.store_id).offender_count

    assert count() == 0
    with psycopg.connect(whole.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(CORRUPTIONS[name], {"store": shop.store_id})
    assert count() == 1
