"""The invariants of fulfilments find what somebody has corrupted, and nothing else."""

import pytest
from sqlalchemy import text

from oltp.shipping.invariants import INVARIANTS
from tests.oltp.shipping.orders import place
from tests.oltp.shipping.test_fulfilling import send
from tests.oltp.shipping.test_parcels import parcel, ready, tell
from tests.selling import Shop, open_shop

CORRUPTIONS = {
    "fulfilled_is_the_sum_of_live_fulfilments": "UPDATE fulfillment SET status = 'canceled' WHERE store_id = :store",
    "never_more_fulfilled_than_ordered": "UPDATE order_items SET fulfilled_quantity = 9 WHERE store_id = :store",
    "a_parcel_is_where_its_reports_say": "UPDATE shipment SET status = 'delivered' WHERE store_id = :store",
}


def offenders(shop: Shop, name: str) -> int:
    """How many rows of the shop break an invariant."""
    with shop.database.owner_session() as session:
        rows = session.execute(text(INVARIANTS[name])).all()
        return sum(row.store_id == shop.store_id for row in rows)


@pytest.mark.parametrize("name", INVARIANTS)
def test_each_corruption_is_found(shop: Shop, name: str) -> None:
    _, shipment = ready(shop)
    tell(shop, shipment, "in_transit", -2)
    for other in (shop, open_shop(shop.database)):
        parcel(other, send(other, place(other, (other.product(), 2)), 1))
    assert {each: offenders(shop, each) for each in INVARIANTS} == dict.fromkeys(INVARIANTS, 0)
    with shop.database.owner_session() as session:
        # As no program can: past triggers and checks.
        session.execute(text("ALTER TABLE fulfillment DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE order_items DROP CONSTRAINT order_items_fulfilled_check"))
        session.execute(text(CORRUPTIONS[name]), {"store": shop.store_id})
        found = session.execute(text(INVARIANTS[name])).all()
        assert found and {row.store_id for row in found} == {shop.store_id}
        session.rollback()
    assert offenders(shop, name) == 0
