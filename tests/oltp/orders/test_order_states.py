"""The order's states: one table in Python and in SQL, events and audit entries beside each step, holds, notes."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from oltp.kit.clock import FixedClock
from oltp.kit.errors import Refusal, Stale
from oltp.orders import actions
from oltp.orders.actions import OrderChanges
from oltp.orders.errors import (
    AddressFixed,
    HoldReasonMissing,
    NoteTooLong,
    OrderHeld,
    OrderNotDeletable,
    OrderNotFound,
    TransitionNotAllowed,
)
from oltp.orders.states import STATUSES, may_become
from tests.conftest import NOON
from tests.oltp.shipping.orders import column, event_names, place
from tests.selling import Shop

CLOCK = FixedClock(NOON)


def run(shop: Shop, name: str, **values: Any) -> Any:
    """Do one action of orders in a transaction of its own."""
    with shop.database.session_for(shop.store_id) as session:
        return getattr(actions, name)(session, store_id=shop.store_id, clock=CLOCK, **values)


def test_the_table_in_python_is_the_table_in_sql(shop: Shop) -> None:
    for since, until in product(STATUSES, STATUSES):
        allowed = shop.execute(
            "SELECT order_may_become(CAST(:since AS order_status), CAST(:until AS order_status))",
            since=since, until=until)
        assert allowed == may_become(since, until), (since, until)


def test_a_forbidden_step_is_refused_by_name_and_in_raw_sql(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="DELIVERED").order_id
    with pytest.raises(TransitionNotAllowed, match="from DELIVERED to PENDING"):
        run(shop, "transition", order_id=order, to="PENDING")
    with pytest.raises(IntegrityError, match="can't go from DELIVERED to PAID"):
        shop.execute("UPDATE orders SET status = 'PAID' WHERE store_id = :store AND id = :order", order=order)
    with pytest.raises(OrderNotFound):
        run(shop, "transition", order_id=shop.store_id, to="PAID")


def test_each_step_is_told_and_audited_once(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="PENDING").order_id
    for status in ("PAID", "PAID", "PROCESSING", "SHIPPED", "DELIVERED"):
        run(shop, "transition", order_id=order, to=status)
    assert event_names(shop) == ["order.paid", "order.processing", "order.shipped", "order.delivered"]
    assert column(shop, "orders", order, "fulfilled_at") == NOON
    audited = shop.execute("""
        SELECT array_agg(action || ' ' || (changes::jsonb -> 'status' ->> 'new') ORDER BY id) FROM audit_logs
        WHERE store_id = :store AND entity_id = CAST(:order AS text)""", order=order)
    assert audited == ["order.paid PAID", "order.processing PROCESSING", "order.shipped SHIPPED",
                       "order.delivered DELIVERED"]


def test_cancelling_keeps_the_reason_and_reactivating_clears_it(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="PENDING").order_id
    run(shop, "transition", order_id=order, to="CANCELED", reason="changed her mind")
    assert column(shop, "orders", order, "cancel_reason") == "changed her mind"
    assert column(shop, "orders", order, "canceled_at") == NOON
    run(shop, "transition", order_id=order, to="PENDING")
    assert column(shop, "orders", order, "canceled_at") is None
    assert event_names(shop) == ["order.cancelled", "order.reactivated"]


def test_a_held_order_is_not_sent_until_released(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="PAID").order_id
    with pytest.raises(HoldReasonMissing):
        run(shop, "hold", order_id=order, reason="  ")
    run(shop, "hold", order_id=order, reason="fraud")
    with pytest.raises(OrderHeld, match="fraud"):
        run(shop, "transition", order_id=order, to="SHIPPED")
    run(shop, "release", order_id=order)
    run(shop, "release", order_id=order)
    run(shop, "transition", order_id=order, to="SHIPPED")
    assert event_names(shop) == ["order.held", "order.released", "order.shipped"]


def test_of_two_who_edit_the_second_hears_of_it(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1)).order_id
    seen = column(shop, "orders", order, "updated_at")
    run(shop, "change_order", order_id=order, changes=OrderChanges({"admin_note": "call"}), expected_updated_at=seen)
    with pytest.raises(Stale):
        run(shop, "change_order", order_id=order, changes=OrderChanges({"admin_note": "mail"}),
            expected_updated_at=seen - timedelta(seconds=1))
    assert column(shop, "orders", order, "admin_note") == "call"
    run(shop, "change_order", order_id=order, changes=OrderChanges({"admin_note": "call"}))
    assert event_names(shop) == ["order.updated"]


def refused(kind: type[Refusal], shop: Shop, order: Any, **fields: Any) -> None:
    """Whether a change is refused so."""
    with pytest.raises(kind):
        run(shop, "change_order", order_id=order, changes=OrderChanges(fields))


def test_where_it_went_is_history(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="PAID").order_id
    address = {"first_name": "Ada", "city": "London", "country": "GB"}
    run(shop, "change_order", order_id=order, changes=OrderChanges({"shipping_address": address}))
    audited = shop.execute("SELECT changes FROM audit_logs WHERE store_id = :store")
    assert "London" not in audited
    run(shop, "transition", order_id=order, to="SHIPPED")
    refused(AddressFixed, shop, order, shipping_address={**address, "city": "Leeds"})
    refused(NoteTooLong, shop, order, admin_note="x" * 1001)
    assert "London" in column(shop, "orders", order, "shipping_address")


def test_only_a_cancelled_order_is_deleted_and_then_gone(shop: Shop) -> None:
    order = place(shop, (shop.product(), 1), status="PAID").order_id
    with pytest.raises(OrderNotDeletable):
        run(shop, "delete_order", order_id=order)
    run(shop, "transition", order_id=order, to="CANCELED")
    run(shop, "delete_order", order_id=order)
    with pytest.raises(OrderNotFound):
        run(shop, "transition", order_id=order, to="PENDING")
