"""Writes of segments: made, changed, deleted, and filled by hand. What a rule finds is `membership`'s."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.customers.errors import (
    MembersUnknown,
    RuleInvalid,
    SegmentByHand,
    SegmentHasRule,
    SegmentNotFound,
    SegmentSlugTaken,
)
from oltp.customers.membership import move_members
from oltp.customers.segment_models import CustomerCustomField, CustomerSegment
from oltp.customers.segment_rules import MOST_PARTS, Part, custom_keys, parts_of, rule_json
from oltp.db.locking import lock_segment
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event

_LIVE = text("""
    SELECT w.id FROM unnest(CAST(:ids AS uuid[])) AS w (id) WHERE NOT EXISTS (
      SELECT FROM customers c WHERE c.store_id = :store AND c.id = w.id AND c.deleted_at IS NULL) LIMIT 1""")
_END = text("""
    UPDATE customer_segment_member SET left_at = greatest(:at, joined_at + interval '1 microsecond')
    WHERE store_id = :store AND segment_id = :segment AND left_at IS NULL""")


def create_segment(
    session: Session, *, store_id: UUID, name: str, slug: str | None = None, description: str | None = None,
    rule: Part | None = None, clock: Clock,
) -> CustomerSegment:
    """Make a segment; with a rule, its customers join as soon as the worker has looked at them.

    Errors: SegmentSlugTaken, RuleInvalid.
    """
    now = clock.now()
    segment = CustomerSegment(
        id=new_id(), store_id=store_id, name=name, slug=slug or slug_of(name), description=description,
        kind="manual" if rule is None else "rule", rule=_checked(session, store_id=store_id, rule=rule),
        created_at=now, updated_at=now)
    session.add(segment)
    _keep(session, segment=segment, name="segment.created", now=now)
    return segment


def update_segment(
    session: Session, *, store_id: UUID, segment_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> CustomerSegment:
    """Change some of name, slug, description, rule (a Part). By hand stays by hand.

    Errors: SegmentNotFound, Stale, SegmentSlugTaken, SegmentByHand, RuleInvalid.
    """
    segment = take_segment(session, store_id=store_id, segment_id=segment_id, expected=expected_updated_at)
    wanted = dict(changes)
    if "rule" in wanted:
        if segment.kind != "rule":
            raise SegmentByHand(segment_id=segment_id, field="rule")
        wanted["rule"] = _checked(session, store_id=store_id, rule=wanted["rule"])
    changed = {name: value for name, value in wanted.items() if getattr(segment, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(segment, name, value)
        segment.updated_at = clock.now()
        _keep(session, segment=segment, name="segment.updated", now=segment.updated_at,
              fields=sorted(changed))
    return segment


def delete_segment(
    session: Session, *, store_id: UUID, segment_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a segment: its spells end, and stay as history. Errors: SegmentNotFound, Stale."""
    segment = take_segment(session, store_id=store_id, segment_id=segment_id, expected=expected_updated_at)
    now = segment.deleted_at = segment.updated_at = clock.now()
    session.execute(_END, {"store": store_id, "segment": segment_id, "at": now})
    _keep(session, segment=segment, name="segment.deleted", now=now)


def change_members(
    session: Session, *, store_id: UUID, segment_id: UUID, customer_ids: Sequence[UUID], is_in: bool, clock: Clock
) -> int:
    """Put customers into a segment by hand, or take them out; return how many that changed.

    Errors: SegmentNotFound, SegmentHasRule, MembersUnknown.
    """
    segment = take_segment(session, store_id=store_id, segment_id=segment_id)
    if segment.kind == "rule":
        raise SegmentHasRule(segment_id=segment_id)
    unknown = session.scalar(_LIVE, {"store": store_id, "ids": list(customer_ids)}) if is_in else None
    if unknown is not None:
        place = list(customer_ids).index(unknown)
        raise MembersUnknown(customer_id=unknown, field=f"customer_ids.{place}")
    wanted = {(segment_id, customer_id): is_in for customer_id in sorted(set(customer_ids))}
    return move_members(session, store_id=store_id, wanted=wanted, at=clock.now())


def take_segment(
    session: Session, *, store_id: UUID, segment_id: UUID, expected: datetime | None = None
) -> CustomerSegment:
    """Return the live segment under its lock. Errors: SegmentNotFound, Stale."""
    lock_segment(session, store_id=store_id, segment_id=segment_id)
    segment = session.get(CustomerSegment, segment_id, populate_existing=True)
    if segment is None or segment.store_id != store_id or segment.deleted_at is not None:
        raise SegmentNotFound(segment_id=segment_id)
    if expected is not None and expected != segment.updated_at:
        raise Stale()
    return segment


def slug_of(name: str) -> str:
    """Return a slug made of a name: lower case letters and digits of ASCII; `segment` where none is left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "segment"


def _checked(session: Session, *, store_id: UUID, rule: Part | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    if sum(1 for _ in parts_of(rule)) > MOST_PARTS:
        raise RuleInvalid(reason=f"it has more than {MOST_PARTS} parts", field="rule")
    for key in sorted(custom_keys(rule)):
        if not session.scalar(select(exists().where(
                CustomerCustomField.store_id == store_id, CustomerCustomField.key == key,
                CustomerCustomField.deleted_at.is_(None)))):
            raise RuleInvalid(reason=f"there is no custom field {key!r}", field="rule")
    return rule_json(rule)


def _keep(session: Session, *, segment: CustomerSegment, name: str, now: datetime, fields: Sequence[str] = ()) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        if "customer_segment_live_slug_key" in str(error.orig):
            raise SegmentSlugTaken(slug=segment.slug, field="slug") from None
        raise
    record_event(session, store_id=segment.store_id, name=name, entity_type="segment", entity_id=segment.id,
                 payload={"segment_id": str(segment.id), "fields": list(fields)}, occurred_at=now, actor_type="USER")
