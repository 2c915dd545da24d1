"""The invariants of small rooms: each holds in a shop that sells, and finds what no program could have written."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from oltp.checkout.placing import place_order
from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.invariants import check_invariant, names
from oltp.kit.clock import SystemClock
from oltp.kit.ids import new_id
from oltp.payments.gateway import Gateways
from tests.conftest import cloned_database
from tests.oltp.checkout.buying import COD, wish
from tests.selling import Shop, open_shop

FIELD = """
    WITH field AS (INSERT INTO customer_custom_field (store_id, key, label, kind, choices)
                   VALUES (:store, 'size', 'Size', 'choice', ARRAY['S', 'L']) RETURNING id)
    INSERT INTO customer_custom_value (store_id, customer_id, field_id, kind, text_value)
    SELECT :store, :customer, id, 'choice', 'L' FROM field"""
SEGMENT = """
    WITH segment AS (INSERT INTO customer_segment (store_id, name, slug) VALUES (:store, 'A', 'a') RETURNING id)
    INSERT INTO customer_segment_member (store_id, segment_id, customer_id) SELECT :store, id, :customer FROM segment"""
FREED = """
    ALTER TABLE customer_custom_value DROP CONSTRAINT customer_custom_value_check,
      DROP CONSTRAINT customer_custom_value_check1;
    ALTER TABLE customer_segment_member DROP CONSTRAINT customer_segment_member_no_overlap"""
COUNTER, SPELL, VALUE = (
    "tenancy.the_counter_is_not_behind_the_orders_it_has_numbered",
    "customers.a_customer_is_in_a_segment_once_at_a_time", "customers.a_custom_value_is_what_its_field_holds")
CORRUPTIONS = (
    (COUNTER, "UPDATE store_counter SET last_order_number = 1 WHERE store_id = :store"),
    (COUNTER, "DELETE FROM store_counter WHERE store_id = :store"),
    (SPELL, """INSERT INTO customer_segment_member (store_id, segment_id, customer_id, joined_at)
               SELECT store_id, segment_id, customer_id, joined_at - interval '1 day' FROM customer_segment_member
               WHERE store_id = :store"""),
    (VALUE, "UPDATE customer_custom_value SET text_value = 'M' WHERE store_id = :store"),
    (VALUE, "UPDATE customer_custom_value SET text_value = NULL, number_value = 1 WHERE store_id = :store"),
    (VALUE, "UPDATE customer_custom_value SET number_value = 1 WHERE store_id = :store"))


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database that the tests of this module share."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture(scope="module")
def shops(shared: Database) -> tuple[Shop, Shop]:
    """Two shops with two orders, a segment and a custom value."""
    return _shop(shared), _shop(shared)


def _shop(database: Database) -> Shop:
    shop = open_shop(database)
    goods, clock = shop.product(1000), SystemClock()
    for _ in range(2):
        place_order(Transactions(database, shop.store_id), gateways=Gateways.fake(), payment=COD, clock=clock,
                    operation_id=new_id(), wish=wish((goods, 1)))
    values = {"store": shop.store_id, "customer": shop.customer()}
    with database.session_for(shop.store_id) as session:
        for statement in (FIELD, SEGMENT):
            session.execute(text(statement), values)
    return shop


def test_each_has_a_corruption() -> None:
    assert {name for name in names() if name.split(".")[0] in ("tenancy", "customers")} == {
        name for name, _ in CORRUPTIONS}


@pytest.mark.parametrize(("name", "corruption"), CORRUPTIONS)
def test_each_corruption_is_found_in_its_own_store(shops: tuple[Shop, Shop], name: str, corruption: str) -> None:
    shop, other = shops
    with shop.database.owner_session() as session:
        assert check_invariant(session, name=name).holds
        # As no program can: past the table's own constraints.
        session.execute(text(FREED))
        session.execute(text(corruption), {"store": shop.store_id})
        assert not check_invariant(session, name=name, store_id=shop.store_id).holds
        assert check_invariant(session, name=name, store_id=other.store_id).holds
        session.rollback()
