"""Purchases come from orders: one analytics event each, for whoever is known, and once."""

from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.events.purchases import record_purchase
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import derived_id, new_id
from tests.conftest import NOON
from tests.selling import Shop, open_shop

QUOTED = dict.fromkeys(("subtotal_amount", "discount_amount", "shipping_amount", "tax_amount", "total_amount"), 0)


@pytest.fixture
def shop(database: Database) -> Shop:
    return open_shop(database)


def place(shop: Shop, *, visitor: str | None = None, customer: UUID | None = None, is_test: bool = False) -> UUID:
    quote = shop.execute(f"""
        INSERT INTO quote (store_id, currency, {', '.join(QUOTED)}, wanted, trace, priced_at, expires_at)
        VALUES (:store, 'USD', {', '.join(f':{name}' for name in QUOTED)},
                jsonb_build_object('visitor_id', CAST(:visitor AS text)), '{{}}', now(), now() + interval '1 hour')
        RETURNING id""", visitor=visitor, **QUOTED)
    return shop.execute("""
        INSERT INTO orders (id, store_id, customer_id, order_number, currency, order_subtotal_amount,
          order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount, quote_id, is_test,
          placed_at)
        VALUES (:id, :store, :customer, :number, 'USD', 1999, 0, 0, 0, 1999, :quote, :is_test, :at) RETURNING id""",
        id=new_id(), number=str(next(shop.numbers)), customer=customer, quote=quote, is_test=is_test, at=NOON)


def follow(shop: Shop, order: UUID) -> list[tuple[object, ...]]:
    record_purchase(Work(shop.database, FixedClock(NOON), {}), store_id=str(shop.store_id), entity_id=str(order),
                    event_id=str(new_id()))
    with shop.database.session_for(shop.store_id) as session:
        rows = session.execute(text("""
            SELECT e.event_id, e.name, e.order_id, e.occurred_at, e.properties, s.visitor_id, s.customer_id
            FROM analytics_event e JOIN subject s ON s.id = e.subject_id"""))
        return [tuple(row) for row in rows]


def test_an_order_of_a_visitor_is_his_purchase(shop: Shop) -> None:
    order = place(shop, visitor="v-1")
    worth = {"value_amount": 1999, "currency": "USD"}
    assert follow(shop, order) == [
        (derived_id(order, "purchase"), "purchase", order, NOON, worth, "v-1", None)]


def test_an_order_of_a_customer_without_a_browser_is_the_customers(shop: Shop) -> None:
    customer = shop.customer()
    (row,) = follow(shop, place(shop, customer=customer))
    assert row[-1] == customer


def test_done_twice_it_is_recorded_once(shop: Shop) -> None:
    order = place(shop, visitor="v-1")
    follow(shop, order)
    assert len(follow(shop, order)) == 1


def test_nobody_known_and_trials_record_nothing(shop: Shop) -> None:
    assert follow(shop, place(shop)) == []
    assert follow(shop, place(shop, visitor="v-1", is_test=True)) == []
    assert follow(shop, new_id()) == []
