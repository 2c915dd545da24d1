"""Parcels: what carriers report counts once and in any order; fulfilment and order follow."""

import itertools
import random
import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.orders.actions import release
from oltp.shipping import errors
from oltp.shipping.parcels import CarrierReport, NewParcel, create_shipment, record_carrier_event
from oltp.shipping.rules import Tracking
from oltp.shipping.states import SHIPMENT, Report, follow
from oltp.shipping.tasks import FOLLOW_ORDER
from oltp.shipping.tasks import follow as follow_released
from tests.conftest import IS_FULL, NOON
from tests.oltp.shipping.orders import Placed, column, event_names, place
from tests.oltp.shipping.test_fulfilling import CLOCK, send, status
from tests.selling import Shop


def parcel(shop: Shop, fulfillment: UUID, number: str = "1Z", **values: Any) -> UUID:
    """Add a parcel; return its id."""
    new = NewParcel(tracking=Tracking("UPS", number), **values)
    with shop.database.session_for(shop.store_id) as session:
        return create_shipment(session, store_id=shop.store_id, fulfillment_id=fulfillment, parcel=new, clock=CLOCK).id


def tell(shop: Shop, shipment: UUID, name: str, hours: float, ref: str | None = None, clock: FixedClock = CLOCK) -> str:
    """Report that the parcel reached a state so many hours from NOON; return the parcel's state."""
    report = CarrierReport(name, ref or f"{name}@{hours}", NOON + timedelta(hours=hours), {"raw": name})
    with shop.database.session_for(shop.store_id) as session:
        return record_carrier_event(session, store_id=shop.store_id, shipment_id=shipment, report=report,
                                    clock=clock).status


def end(shop: Shop, placed: Placed, shipment: UUID) -> tuple[Any, ...]:
    """What the reports have made of parcel, fulfilment and order."""
    fulfillment = column(shop, "shipment", shipment, "fulfillment_id")
    return (*(column(shop, table, key, name) for table, key in (("shipment", shipment), ("fulfillment", fulfillment))
              for name in ("status", "shipped_at", "delivered_at")), status(shop, placed))


def ready(shop: Shop) -> tuple[Placed, UUID]:
    """An order of one piece, and its parcel."""
    placed = place(shop, (shop.product(), 1))
    return placed, parcel(shop, send(shop, placed))


def test_carrier_callbacks_are_idempotent(shop: Shop) -> None:
    placed, shipment = ready(shop)
    for _ in range(3):
        assert tell(shop, shipment, "in_transit", -5) == "in_transit"
    assert status(shop, placed) == "SHIPPED"
    for _ in range(2):
        assert tell(shop, shipment, "delivered", -1) == "delivered"
    assert status(shop, placed) == "DELIVERED"
    assert shop.execute("SELECT count(*) FROM shipment_event WHERE store_id = :store") == 2
    assert event_names(shop, ("shipment", "fulfillment")) == [
        "fulfillment.created", "shipment.created", "shipment.updated", "fulfillment.shipped", "shipment.updated",
        "fulfillment.delivered"]


REPORTS = (("label_created", -9), ("in_transit", -8), ("exception", -7), ("delivered", -3), ("delivered", -2))


def test_carrier_callbacks_come_in_any_order(shop: Shop) -> None:
    orders = list(itertools.permutations(REPORTS))
    random.Random(7).shuffle(orders)
    ends = set()
    for reports in orders[: 120 if IS_FULL else 8]:
        placed, shipment = ready(shop)
        for name, hours in (*reports, random.Random(7).choice(reports)):
            tell(shop, shipment, name, hours)
        ends.add(end(shop, placed, shipment))
    moments = (NOON - timedelta(hours=8), NOON - timedelta(hours=3))
    assert ends == {("delivered", *moments, "delivered", *moments, "DELIVERED")}


@pytest.mark.race
def test_carrier_callbacks_come_at_once(shop: Shop) -> None:
    placed, shipment = ready(shop)
    workers = 32 if IS_FULL else 6
    gate, failed = threading.Barrier(workers), []

    def tell_all(seed: int) -> None:
        gate.wait()
        try:
            for name, hours in random.Random(seed).sample(REPORTS, len(REPORTS)):
                tell(shop, shipment, name, hours)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=tell_all, args=(seed,)) for seed in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert end(shop, placed, shipment)[0] == "delivered" and status(shop, placed) == "DELIVERED"
    assert shop.execute("SELECT count(*) FROM shipment_event WHERE store_id = :store") == len(REPORTS)
    # Each once; rows that many write at once lie in no order.
    assert sorted(event_names(shop, ("order",))) == ["order.delivered", "order.processing", "order.shipped"]


MOMENTS = st.integers(0, 6).map(lambda hours: NOON + timedelta(hours=hours))


@given(st.lists(st.tuples(st.sampled_from(SHIPMENT), MOMENTS), max_size=7), st.randoms())
def test_what_happened_counts_not_when_it_was_told(told: list[tuple[str, datetime]], chance: random.Random) -> None:
    reports = [Report(*each) for each in told]
    expected = follow(reports)
    again = reports + [chance.choice(reports) for _ in range(3) if reports]
    chance.shuffle(again)
    assert follow(again) == expected
    if any(report.name == "delivered" for report in reports):
        assert expected.delivered_at is not None


def test_delivered_is_final_but_for_what_comes_back() -> None:
    def state(*names: str) -> str:
        return follow(Report(name, NOON + timedelta(hours=hour)) for hour, name in enumerate(names)).status

    assert state() == "label_created"
    assert state("in_transit", "delivered", "in_transit", "canceled") == "delivered"
    assert state("in_transit", "delivered", "returned", "delivered") == "returned"
    assert state("in_transit", "exception", "in_transit") == "in_transit"
    assert state("canceled", "in_transit") == "in_transit"
    same = [Report("delivered", NOON), Report("out_for_delivery", NOON)]
    assert follow(same).status == follow(same[::-1]).status == "delivered"


def test_a_fulfilment_of_two_parcels_waits_for_the_second(shop: Shop) -> None:
    placed = place(shop, (shop.product(), 2))
    fulfillment = send(shop, placed)
    one, two, lost = (parcel(shop, fulfillment, number) for number in ("1", "2", "3"))
    tell(shop, lost, "canceled", -9)
    tell(shop, one, "delivered", -8)
    assert end(shop, placed, one)[3:] == ("shipped", NOON - timedelta(hours=8), None, "SHIPPED")
    tell(shop, two, "delivered", -4)
    assert end(shop, placed, one)[3] == "delivered" and status(shop, placed) == "DELIVERED"
    assert column(shop, "fulfillment", fulfillment, "delivered_at") == NOON - timedelta(hours=4)
    assert column(shop, "orders", placed.order_id, "tracking_number") == "3"


def test_facts_are_taken_of_a_cancelled_order_and_move_it_not(shop: Shop) -> None:
    placed, shipment = ready(shop)
    shop.execute("UPDATE orders SET status = 'CANCELED' WHERE store_id = :store AND id = :order",
                 order=placed.order_id)
    assert tell(shop, shipment, "delivered", -1) == "delivered"
    assert status(shop, placed) == "CANCELED"


def test_a_held_order_follows_when_it_is_released(shop: Shop) -> None:
    placed, shipment = ready(shop)
    shop.execute("UPDATE orders SET held_at = now(), hold_reason = 'fraud' WHERE store_id = :store")
    tell(shop, shipment, "delivered", -1)
    assert status(shop, placed) == "PROCESSING" and end(shop, placed, shipment)[3] == "delivered"
    with shop.database.session_for(shop.store_id) as session:
        release(session, store_id=shop.store_id, order_id=placed.order_id, clock=CLOCK)
    assert FOLLOWERS["order.released"] == (FOLLOW_ORDER,)
    for _ in range(2):
        follow_released(Work(shop.database, CLOCK, FOLLOWERS), store_id=str(shop.store_id),
                        entity_id=str(placed.order_id), event_id=str(new_id()))
        assert status(shop, placed) == "DELIVERED"


def test_a_return_to_the_sender_leaves_the_fulfilment_as_it_was(shop: Shop) -> None:
    placed, shipment = ready(shop)
    tell(shop, shipment, "in_transit", -5)
    assert tell(shop, shipment, "returned", -1) == "returned"
    assert end(shop, placed, shipment)[3] == "shipped" and status(shop, placed) == "SHIPPED"


def test_refusals_name_the_field(shop: Shop) -> None:
    _, shipment = ready(shop)
    with pytest.raises(errors.ReportInvalid) as refused:
        tell(shop, shipment, "delivered", 1.1)
    assert refused.value.field == "occurred_at"
    with pytest.raises(errors.ReportInvalid) as refused:
        tell(shop, shipment, "lost", 0)
    assert refused.value.field == "name"
    with pytest.raises(errors.ShipmentNotFound):
        tell(shop, new_id(), "delivered", 0)
    with pytest.raises(errors.FulfillmentNotFound):
        parcel(shop, new_id())
    fulfillment = send(shop, place(shop, (shop.product(), 1)))
    parcel(shop, fulfillment, external_ref="ups-1")
    with pytest.raises(errors.ShipmentRefTaken):
        parcel(shop, fulfillment, external_ref="ups-1")
    with pytest.raises(errors.TrackingInvalid):
        parcel(shop, fulfillment, number="")
    with shop.database.session_for(shop.store_id) as session:
        session.execute(text("UPDATE fulfillment SET status = 'canceled' WHERE id = :id"), {"id": fulfillment})
    with pytest.raises(errors.FulfillmentMoved):
        parcel(shop, fulfillment)
