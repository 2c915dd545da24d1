"""Purchases: derived from orders. What a browser says of a sale may be blocked, doubled or made up."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from oltp.events.actions import ingest
from oltp.events.errors import CaptureOff
from oltp.jobs.task import Work
from oltp.kit.ids import derived_id

RECORD_PURCHASE = "events.record_purchase"
_ORDER = text("""
    SELECT o.id, o.customer_id, o.placed_at, o.currency, o.order_total_amount, q.wanted ->> 'visitor_id' AS visitor_id
    FROM orders o LEFT JOIN quote q ON q.store_id = o.store_id AND q.id = o.quote_id
    WHERE o.store_id = :store AND o.id = :order AND NOT o.is_test""")


def record_purchase(work: Work, *, store_id: str, entity_id: str, event_id: str) -> None:
    """Record the analytics event `purchase` of an order, once, for its visitor or customer; nobody known: none.

    Its id is derived from the order, so that doing it again changes nothing.
    """
    store = UUID(store_id)
    with work.database.session_for(store) as session:
        order = session.execute(_ORDER, {"store": store, "order": UUID(entity_id)}).one_or_none()
        if order is None or (order.visitor_id is None and order.customer_id is None):
            return
        event = purchase_of(order)
        try:
            ingest(session, store_id=store, events=[event], sent_at=None, byte_count=len(json.dumps(event)),
                   now=work.clock.now())
        except CaptureOff:
            return  # the store does not keep events


def purchase_of(order: Row[Any]) -> dict[str, object]:
    """Return the event as a client would submit it."""
    known = {"visitor_id": order.visitor_id, "customer_id": order.customer_id and str(order.customer_id)}
    return {
        "event_id": str(derived_id(order.id, "purchase")), "name": "purchase", "version": 1,
        "occurred_at": order.placed_at.isoformat(), "order_id": str(order.id),
        "properties": {"value_amount": order.order_total_amount, "currency": order.currency},
        **{name: value for name, value in known.items() if value is not None}}
