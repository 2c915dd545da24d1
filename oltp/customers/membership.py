"""Who is in which segment, as spells: joined, left, and joined again never overlap.

One customer is looked at anew when he or his orders change, everybody when a rule changes. Both ask the same rules of
the same facts, and take turns: who looks at one customer shares the segments, who looks at everybody locks his own.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.orm import Session

from oltp.customers.segment_models import CustomerSegment
from oltp.customers.segment_rules import CustomerFacts, read_rule
from oltp.customers.values import read_values
from oltp.db.locking import lock_customer, lock_segment, share_segments
from oltp.outbox.actions import NewEvent, record_events

_FACTS = text("""
    SELECT c.id, c.email, c.accepts_marketing, c.total_orders, c.total_spent_amount, c.currency, c.last_order_at,
      (SELECT o.shipping_address FROM orders o WHERE o.store_id = c.store_id AND o.customer_id = c.id
         AND o.deleted_at IS NULL AND o.status <> 'CANCELED' ORDER BY o.placed_at DESC, o.id DESC LIMIT 1) AS address,
      (SELECT jsonb_object_agg(f.key, jsonb_build_array(v.text_value, v.number_value::text, v.boolean_value,
                                                        v.date_value))
       FROM customer_custom_value v JOIN customer_custom_field f ON f.store_id = v.store_id AND f.id = v.field_id
       WHERE v.store_id = c.store_id AND v.customer_id = c.id AND f.deleted_at IS NULL) AS vals
    FROM customers c WHERE c.store_id = :store AND c.deleted_at IS NULL AND c.id = ANY (CAST(:ids AS uuid[]))""")
_BATCH = text("""
    SELECT id FROM customers WHERE store_id = :store AND deleted_at IS NULL
      AND id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT :limit""")
_PAIRS = """
    unnest(CAST(:segments AS uuid[]), CAST(:customers AS uuid[])) AS w (segment_id, customer_id)"""
_LEAVE = text(f"""
    UPDATE customer_segment_member m SET left_at = greatest(CAST(:at AS timestamptz),
      m.joined_at + interval '1 microsecond')
    FROM {_PAIRS} WHERE m.store_id = :store AND m.segment_id = w.segment_id AND m.customer_id = w.customer_id
      AND m.left_at IS NULL
    RETURNING m.segment_id, m.customer_id""")
# A spell that ended in this very instant keeps it; the next one begins where it ended.
_JOIN = text(f"""
    INSERT INTO customer_segment_member (store_id, segment_id, customer_id, joined_at)
    SELECT :store, w.segment_id, w.customer_id, greatest(CAST(:at AS timestamptz), (
      SELECT max(m.left_at) FROM customer_segment_member m WHERE m.store_id = :store
        AND m.segment_id = w.segment_id AND m.customer_id = w.customer_id))
    FROM {_PAIRS} WHERE NOT EXISTS (
      SELECT FROM customer_segment_member m WHERE m.store_id = :store AND m.segment_id = w.segment_id
        AND m.customer_id = w.customer_id AND m.left_at IS NULL)
    RETURNING segment_id, customer_id""")

Pair = tuple[UUID, UUID]


def load_facts(session: Session, *, store_id: UUID, customer_ids: Collection[UUID]) -> list[CustomerFacts]:
    """Return what rules may ask, of those of the customers that are live; one statement."""
    rows = session.execute(_FACTS, {"store": store_id, "ids": sorted(customer_ids)})
    return [_facts(row) for row in rows]


def refresh_customer(session: Session, *, store_id: UUID, customer_id: UUID, at: datetime) -> None:
    """Let one customer join and leave the store's segments with a rule, as he is now."""
    if not lock_customer(session, store_id=store_id, customer_id=customer_id):
        return
    share_segments(session, store_id=store_id)
    facts = load_facts(session, store_id=store_id, customer_ids=[customer_id])
    wanted = {(segment.id, customer_id): bool(facts) and read_rule(segment.rule or {}).matches(facts[0])
              for segment in _with_rules(session, store_id=store_id)}
    move_members(session, store_id=store_id, wanted=wanted, at=at)


def refresh_segment(session: Session, *, store_id: UUID, segment_id: UUID, after: UUID | None, limit: int,
                    at: datetime) -> UUID | None:
    """Look at the next `limit` customers of a segment whose rule has changed; return the last one, None at the end."""
    lock_segment(session, store_id=store_id, segment_id=segment_id)
    segment = session.get(CustomerSegment, segment_id, populate_existing=True)
    if segment is None or segment.rule is None or segment.deleted_at is not None:
        return None
    ids = session.scalars(_BATCH, {"store": store_id, "after": after, "limit": limit}).all()
    rule = read_rule(segment.rule)
    wanted = {(segment_id, facts.customer_id): rule.matches(facts)
              for facts in load_facts(session, store_id=store_id, customer_ids=ids)}
    move_members(session, store_id=store_id, wanted=wanted, at=at)
    return ids[-1] if len(ids) == limit else None


def move_members(session: Session, *, store_id: UUID, wanted: Mapping[Pair, bool], at: datetime) -> int:
    """Let (segment, customer) pairs join (true) or leave (false); return how many did. At most four statements."""
    left = _run(session, statement=_LEAVE, store_id=store_id, at=at,
                pairs=[pair for pair, is_in in wanted.items() if not is_in])
    joined = _run(session, statement=_JOIN, store_id=store_id, at=at,
                  pairs=[pair for pair, is_in in wanted.items() if is_in])
    told = [("customer.left_segment", pair) for pair in left] + [("customer.joined_segment", pair) for pair in joined]
    record_events(session, store_id=store_id, occurred_at=at, events=[
        NewEvent(name, "customer", customer, {"customer_id": str(customer), "segment_id": str(segment)})
        for name, (segment, customer) in told])
    return len(told)


def _run(
    session: Session, *, statement: TextClause, store_id: UUID, pairs: Sequence[Pair], at: datetime
) -> list[Pair]:
    if not pairs:
        return []
    rows = session.execute(statement, {
        "store": store_id, "at": at, "segments": [pair[0] for pair in pairs], "customers": [pair[1] for pair in pairs]})
    return [(row.segment_id, row.customer_id) for row in rows]


def _with_rules(session: Session, *, store_id: UUID) -> Sequence[CustomerSegment]:
    return session.scalars(select(CustomerSegment).where(
        CustomerSegment.store_id == store_id, CustomerSegment.kind == "rule", CustomerSegment.deleted_at.is_(None))
        .execution_options(populate_existing=True)).all()


def _facts(row: Row[Any]) -> CustomerFacts:
    return CustomerFacts(
        customer_id=row.id, email=row.email, accepts_marketing=row.accepts_marketing, orders_count=row.total_orders,
        total_spent=row.total_spent_amount, currency=row.currency, last_order_at=row.last_order_at,
        country=country_of(row.address), values=read_values(row.vals or {}))


def country_of(address: str | None) -> str | None:
    """Return the country of an order's address, None where there is none that can be read."""
    try:
        fields = json.loads(address) if address else None
    except ValueError:
        return None
    country = fields.get("country") if isinstance(fields, dict) else None
    return country.upper() if isinstance(country, str) else None
