"""Each invariant of orders finds the row that was corrupted, and nothing before that."""

from typing import Any

import psycopg
import pytest

from oltp.invariants import check_invariant
from oltp.orders.invariants import INVARIANTS
from tests.oltp.checkout.buying import CARD, Buyer, bundle, wish
from tests.selling import Shop

# What is broken → how.
CORRUPTIONS = {
    "totals_add_up": "UPDATE orders SET order_total_amount = order_total_amount + 1 WHERE id = %(order)s",
    "lines_add_up": "UPDATE order_items SET line_total_amount = line_total_amount + 1 WHERE order_id = %(order)s",
    "order_is_the_sum_of_its_lines":
        "UPDATE order_items SET line_tax_amount = line_tax_amount + 1, line_total_amount = line_total_amount + 1 "
        "WHERE order_id = %(order)s AND ordinal = 1",
    "applied_promotions_are_the_discount": "DELETE FROM applied_promotion WHERE order_id = %(order)s",
    "order_is_what_was_quoted": "UPDATE quote SET total_amount = total_amount + 1, tax_amount = tax_amount + 1 "
                                "WHERE id = (SELECT quote_id FROM orders WHERE id = %(order)s)",
    "a_paid_order_has_its_money": "UPDATE payment_attempt SET captured_amount = 0 WHERE order_id = %(order)s",
    "an_unpaid_order_has_no_money": "UPDATE orders SET status = 'PAYMENT_FAILED' WHERE id = %(order)s",
    "stock_follows_the_order": "DELETE FROM inventory_adjustment WHERE order_id = %(order)s",
}


def corrupt(shop: Shop, statement: str, order: Any) -> None:
    """Break a row as nobody can who goes through the front door: with triggers and keys off."""
    with psycopg.connect(shop.database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement, {"order": order})


def test_every_invariant_is_corrupted_here() -> None:
    assert set(CORRUPTIONS) == set(INVARIANTS)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_a_corrupted_order_is_found(shop: Shop, buyer: Buyer, name: str) -> None:
    shop.gateway("STRIPE")
    shop.tax("GB", "0.2")
    cup, pot = shop.product(1000), shop.product(2500)
    tea = bundle(shop, (cup, 1), (pot, 1), percent="10")
    order, other = (buyer.place(wish((cup, 1), bundles=[(tea, 1)]), CARD) for _ in "ab")
    assert order.status == other.status == "PAID" and buyer.offenders() == []
    corrupt(shop, CORRUPTIONS[name], order.id)
    with shop.database.worker_session() as session:
        found = check_invariant(session, name=f"orders.{name}", store_id=shop.store_id)
    assert {row["entity_id"] for row in found.offenders} == {order.id}
