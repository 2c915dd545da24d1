"""Reads of fraud: what was known when an order was placed, and the log of decisions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, text
from sqlalchemy.orm import Session

from oltp.fraud.errors import AssessmentNotFound
from oltp.fraud.models import FraudAssessment
from oltp.fraud.rules import Features, is_telling
from oltp.orders.errors import OrderNotFound
from oltp.orders.models import Order
from oltp.orders.queries import get_order
from oltp.orders.rules import read_address

# Only what never changes afterwards is looked at: when an order was placed, by whom, from where, for how much. A state
# of today would bring later facts into a decision of then. The newest 200 and 100 orders bound what one order costs,
# and LATERAL keeps Postgres from reading all that the store was paid today to count one customer's attempts.
_KNOWN = text("""
    WITH me AS (
      SELECT o.id, o.placed_at, o.currency, o.ip_address, o.subject_id,
             contact_hash(o.store_id, o.shipping_address) AS contact_hash
      FROM orders o WHERE o.store_id = :store AND o.id = :order),
    person AS (
      SELECT subject_id AS id FROM me WHERE subject_id IS NOT NULL
      UNION SELECT s.id FROM me JOIN subject s ON s.store_id = :store AND s.contact_hash = me.contact_hash),
    mine AS MATERIALIZED (
      SELECT o.id, o.placed_at, o.currency, o.order_total_amount AS amount
      FROM me, person p CROSS JOIN LATERAL (
        SELECT e.id, e.placed_at, e.currency, e.order_total_amount FROM orders e, me
        WHERE e.store_id = :store AND e.subject_id = p.id AND e.placed_at <= me.placed_at AND e.id <> me.id
          AND (e.placed_at < me.placed_at OR e.id < me.id)
          AND (e.deleted_at IS NULL OR e.deleted_at > me.placed_at)
        ORDER BY e.placed_at DESC LIMIT 200) o),
    near AS MATERIALIZED (
      SELECT o.id, o.subject_id FROM me JOIN orders o ON o.store_id = :store AND o.ip_address = me.ip_address
      WHERE CAST(:has_ip AS boolean) AND o.placed_at > me.placed_at - interval '24 hours'
        AND o.placed_at <= me.placed_at AND o.id <> me.id AND (o.placed_at < me.placed_at OR o.id < me.id) LIMIT 200),
    latest AS (
      SELECT e.currency, e.order_total_amount AS amount FROM me, LATERAL (
        SELECT o.currency, o.order_total_amount FROM orders o
        WHERE o.store_id = :store AND o.placed_at < me.placed_at ORDER BY o.placed_at DESC LIMIT 100) e),
    recent AS (
      SELECT m.id FROM mine m, me WHERE m.placed_at > me.placed_at - interval '24 hours'
      UNION SELECT id FROM near UNION SELECT id FROM me),
    addresses AS (
      SELECT f.features ->> 'address_key' AS key FROM mine m CROSS JOIN LATERAL (
        SELECT a.features FROM fraud_assessment a WHERE a.store_id = :store AND a.order_id = m.id OFFSET 0) f)
    SELECT
      (SELECT count(*) FROM mine m WHERE m.placed_at > me.placed_at - interval '24 hours') AS person_order_count,
      (SELECT count(*) FROM near) AS ip_order_count,
      (SELECT count(DISTINCT subject_id) FROM near) AS ip_person_count,
      (SELECT CAST(coalesce(sum(greatest(tried.times - 1, 0)), 0) AS bigint)
       FROM recent r CROSS JOIN LATERAL (
         SELECT count(*) AS times FROM payment_attempt a
         WHERE a.store_id = :store AND a.order_id = r.id AND a.created_at <= me.placed_at
           AND a.created_at > me.placed_at - interval '24 hours') tried) AS retry_count,
      NOT EXISTS (SELECT FROM mine) AS is_first_order,
      (SELECT CAST(round(avg(m.amount)) AS bigint) FROM mine m WHERE m.currency = me.currency) AS person_mean_amount,
      (SELECT CAST(round(avg(l.amount)) AS bigint) FROM latest l WHERE l.currency = me.currency) AS store_mean_amount,
      (SELECT count(*) FROM latest l WHERE l.currency = me.currency) AS store_sample_count,
      EXISTS (SELECT FROM addresses WHERE key = :address_key) AS is_known_address,
      EXISTS (SELECT FROM addresses WHERE key IS NOT NULL) AS has_known_addresses
    FROM me""")


def collect_features(session: Session, *, store_id: UUID, order_id: UUID) -> Features:
    """Return what was known when the order was placed, in two statements, or in one where the session has the order.

    Errors: OrderNotFound.
    """
    order = session.get(Order, order_id)
    if order is None or order.store_id != store_id or order.deleted_at is not None:
        raise OrderNotFound(order_id=order_id)
    shipping, billing = read_address(order.shipping_address), read_address(order.billing_address)
    key = address_key(store_id, shipping)
    row = session.execute(_KNOWN, {
        "store": store_id, "order": order_id, "address_key": key, "has_ip": is_telling(order.ip_address)}).one()
    return _features(row, order=order, key=key, is_other_country=_differs(shipping, billing))


def _features(row: Row[Any], *, order: Order, key: str | None, is_other_country: bool) -> Features:
    known = dict(row._mapping)
    is_known, has_known = known.pop("is_known_address"), known.pop("has_known_addresses")
    return Features(amount=order.order_total_amount, is_other_country=is_other_country, address_key=key,
                    is_new_address=key is not None and has_known and not is_known, **known)


def address_key(store_id: UUID, address: dict[str, Any] | None) -> str | None:
    """Return a hash of where something goes, however it is spelled in letter case and spaces; None for nowhere."""
    parts = [" ".join(str((address or {}).get(name) or "").lower().split())
             for name in ("address", "city", "postal_code", "country")]
    if not any(parts):
        return None
    return hashlib.sha256("\x1f".join([str(store_id), *parts]).encode("utf-8", "surrogatepass")).hexdigest()


def _differs(shipping: dict[str, Any] | None, billing: dict[str, Any] | None) -> bool:
    countries = {(address or {}).get("country") for address in (shipping, billing)} - {None, ""}
    return len(countries) > 1


@dataclass(frozen=True)
class AssessmentFilter:
    """Which assessments are wanted; None for any. `is_open`: those a person still has to decide on."""

    order_id: UUID | None = None
    decision: str | None = None
    is_open: bool | None = None


def list_assessments(
    session: Session, *, store_id: UUID, wanted: AssessmentFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[FraudAssessment]:
    """Return a page of the log, newest first; `after` is (assessed_at, id) of the last one of the page before."""
    query = select(FraudAssessment).where(FraudAssessment.store_id == store_id)
    if wanted.order_id is not None:
        query = query.where(FraudAssessment.order_id == wanted.order_id)
    if wanted.decision is not None:
        query = query.where(FraudAssessment.decision == wanted.decision)
    if wanted.is_open is not None:
        is_open = text("""
            decision <> 'approve' AND review_decision IS NULL AND NOT EXISTS (
              SELECT FROM fraud_assessment f WHERE f.store_id = fraud_assessment.store_id
                AND f.order_id = fraud_assessment.order_id
                AND (f.assessed_at, f.id) > (fraud_assessment.assessed_at, fraud_assessment.id))""")
        query = query.where(is_open if wanted.is_open else text(f"NOT ({is_open.text})"))
    if after is not None:
        moment, last = after
        query = query.where(FraudAssessment.assessed_at <= moment, or_(
            FraudAssessment.assessed_at < moment, FraudAssessment.id < last))
    return session.scalars(
        query.order_by(FraudAssessment.assessed_at.desc(), FraudAssessment.id.desc()).limit(limit)).all()


def list_of_order(
    session: Session, *, store_id: UUID, order_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[FraudAssessment]:
    """Return a page of what was decided about an order, newest first. Errors: OrderNotFound."""
    get_order(session, store_id=store_id, order_id=order_id)
    return list_assessments(session, store_id=store_id, wanted=AssessmentFilter(order_id), after=after, limit=limit)


def get_assessment(session: Session, *, store_id: UUID, assessment_id: UUID) -> FraudAssessment:
    """Return one decision. Errors: AssessmentNotFound."""
    found = session.scalar(select(FraudAssessment).where(
        FraudAssessment.store_id == store_id, FraudAssessment.id == assessment_id))
    if found is None:
        raise AssessmentNotFound(assessment_id=assessment_id)
    return found


def find_newest(session: Session, *, store_id: UUID, order_id: UUID) -> FraudAssessment | None:
    """Return the decision about an order that is in force."""
    return session.scalar(
        select(FraudAssessment).where(FraudAssessment.store_id == store_id, FraudAssessment.order_id == order_id)
        .order_by(FraudAssessment.assessed_at.desc(), FraudAssessment.id.desc()).limit(1))
