"""Reads of segments, their members, and custom fields with their values."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select, text
from sqlalchemy.orm import Session

from oltp.customers.errors import FieldNotFound, SegmentNotFound
from oltp.customers.queries import get_customer
from oltp.customers.segment_models import (
    CustomerCustomField,
    CustomerCustomValue,
    CustomerSegment,
    CustomerSegmentMember,
)
from oltp.customers.segment_rules import Value

_COUNTS = text("""
    SELECT segment_id, count(*) AS member_count FROM customer_segment_member
    WHERE store_id = :store AND left_at IS NULL AND segment_id = ANY (CAST(:ids AS uuid[])) GROUP BY 1""")


def list_segments(session: Session, *, store_id: UUID, after: UUID | None, limit: int) -> Sequence[CustomerSegment]:
    """Return a page of live segments, oldest first."""
    query = select(CustomerSegment).where(CustomerSegment.store_id == store_id, CustomerSegment.deleted_at.is_(None))
    if after is not None:
        query = query.where(CustomerSegment.id > after)
    return session.scalars(query.order_by(CustomerSegment.id).limit(limit)).all()


def count_members(session: Session, *, store_id: UUID, segment_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many are in each segment now; an empty one is missing."""
    rows = session.execute(_COUNTS, {"store": store_id, "ids": list(segment_ids)})
    return {row.segment_id: row.member_count for row in rows}


def get_segment(session: Session, *, store_id: UUID, segment_id: UUID) -> CustomerSegment:
    """Return a live segment. Errors: SegmentNotFound."""
    found = session.scalar(select(CustomerSegment).where(
        CustomerSegment.store_id == store_id, CustomerSegment.id == segment_id, CustomerSegment.deleted_at.is_(None)))
    if found is None:
        raise SegmentNotFound(segment_id=segment_id)
    return found


def list_members(
    session: Session, *, store_id: UUID, segment_id: UUID, has_history: bool, after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[CustomerSegmentMember]:
    """Return a page of the segment's spells, newest first: open ones, or with history all. Errors: SegmentNotFound."""
    get_segment(session, store_id=store_id, segment_id=segment_id)
    query = select(CustomerSegmentMember).where(
        CustomerSegmentMember.store_id == store_id, CustomerSegmentMember.segment_id == segment_id)
    return _spells(session, query=query, has_history=has_history, after=after, limit=limit)


def list_spells_of_customer(
    session: Session, *, store_id: UUID, customer_id: UUID, has_history: bool, after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[CustomerSegmentMember]:
    """Return a page of the customer's spells in segments, newest first. Errors: CustomerNotFound."""
    get_customer(session, store_id=store_id, customer_id=customer_id)
    query = select(CustomerSegmentMember).where(
        CustomerSegmentMember.store_id == store_id, CustomerSegmentMember.customer_id == customer_id)
    return _spells(session, query=query, has_history=has_history, after=after, limit=limit)


def _spells(
    session: Session, *, query: Select[CustomerSegmentMember], has_history: bool,
    after: tuple[datetime, UUID] | None, limit: int,
) -> Sequence[CustomerSegmentMember]:
    spell = CustomerSegmentMember
    if not has_history:
        query = query.where(spell.left_at.is_(None))
    if after is not None:
        moment, last = after
        query = query.where(spell.joined_at <= moment, or_(spell.joined_at < moment, spell.id > last))
    found: Sequence[CustomerSegmentMember] = session.scalars(
        query.order_by(spell.joined_at.desc(), spell.id).limit(limit)).all()
    return found


def list_fields(session: Session, *, store_id: UUID, after: UUID | None, limit: int) -> Sequence[CustomerCustomField]:
    """Return a page of live custom fields, oldest first; `position` says how they are shown."""
    query = select(CustomerCustomField).where(
        CustomerCustomField.store_id == store_id, CustomerCustomField.deleted_at.is_(None))
    if after is not None:
        query = query.where(CustomerCustomField.id > after)
    return session.scalars(query.order_by(CustomerCustomField.id).limit(limit)).all()


def get_field(session: Session, *, store_id: UUID, field_id: UUID) -> CustomerCustomField:
    """Return a live custom field. Errors: FieldNotFound."""
    found = session.scalar(select(CustomerCustomField).where(
        CustomerCustomField.store_id == store_id, CustomerCustomField.id == field_id,
        CustomerCustomField.deleted_at.is_(None)))
    if found is None:
        raise FieldNotFound(field_id=field_id)
    return found


def list_values(session: Session, *, store_id: UUID, customer_id: UUID) -> dict[str, Value]:
    """Return key → value of the customer's live fields, in the fields' order. Errors: CustomerNotFound."""
    get_customer(session, store_id=store_id, customer_id=customer_id)
    value, field = CustomerCustomValue, CustomerCustomField
    rows = session.execute(
        select(field.key, value.text_value, value.number_value, value.boolean_value, value.date_value)
        .join(field, (field.store_id == value.store_id) & (field.id == value.field_id))
        .where(value.store_id == store_id, value.customer_id == customer_id, field.deleted_at.is_(None))
        .order_by(field.position, field.key))
    return {row[0]: next(each for each in row[1:] if each is not None) for row in rows}
