"""Each invariant of money finds a row that was corrupted behind the triggers' back, and nothing in a healthy shop."""

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from oltp.checkout.refunds import refund_order
from oltp.db.transactions import Transactions
from oltp.kit.ids import new_id
from oltp.payments.gateway import Gateways
from oltp.payments.invariants import INVARIANTS
from tests.oltp.payments.orders import CLOCK, attempt_of, charge, order_of
from tests.selling import Shop

CORRUPTIONS = {
    "captured_follows_the_entries": "UPDATE payment_attempt SET captured_amount = captured_amount - 1",
    "authorized_follows_the_entries": "UPDATE payment_attempt SET authorized_amount = 1500, amount = 2000",
    "refunded_is_the_sum_of_its_refunds": "UPDATE payment_attempt SET refunded_amount = refunded_amount - 1",
    "processed_refunds_are_in_the_entries": "UPDATE refund SET external_ref = 'elsewhere'",
    "refund_is_the_sum_of_its_items": "UPDATE refund_item SET amount = amount + 1",
    "nothing_was_said_beyond_the_amount": "UPDATE payment_entry SET amount = amount + 1 WHERE kind = 'captured'",
    "refunded_units_are_those_of_its_refunds": "UPDATE order_items SET refunded_quantity = 0",
    "refunds_without_an_attempt_stay_within_the_order":
        "UPDATE refund SET payment_attempt_id = NULL, amount = 5000",
}


@pytest.fixture
def sold(shop: Shop, account: UUID, gateways: Gateways, transactions: Transactions) -> UUID:
    """A paid order of two units, one of them refunded."""
    made = order_of(shop, (shop.product(), 2, 1000, 0), status="PAID")
    charge(shop, gateways, attempt_of(shop, made.order_id, config_id=account))
    refund_order(transactions, gateways=gateways, order_id=made.order_id, refund_id=new_id(), clock=CLOCK,
                 reason=None, items={made.item_ids[0]: 1})
    return made.order_id


def _offenders(shop: Shop, name: str) -> int:
    with shop.database.owner_session() as session:
        rows = session.execute(text(f"SELECT store_id FROM ({INVARIANTS[name]}) o WHERE store_id = :store"),
                               {"store": shop.store_id})
        return len(rows.all())


def test_every_invariant_has_a_corruption() -> None:
    assert set(CORRUPTIONS) == set(INVARIANTS)


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_seeded_corruption_is_found(shop: Shop, sold: UUID, name: str) -> None:
    assert [each for each in INVARIANTS if _offenders(shop, each)] == []
    with psycopg.connect(shop.database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        link = "AND" if "WHERE" in CORRUPTIONS[name] else "WHERE"
        connection.execute(f"{CORRUPTIONS[name]} {link} store_id = '{shop.store_id}'")
    assert _offenders(shop, name) == 1
