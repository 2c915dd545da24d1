"""Writes of custom fields and of a customer's values: typed, validated, never guessed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.customers.editing import take_customer
from oltp.customers.errors import (
    ChoiceInUse,
    ChoicesMissing,
    FieldInUse,
    FieldKeyTaken,
    FieldUnknown,
    ValueRequired,
)
from oltp.customers.segment_models import CustomerCustomField, CustomerCustomValue, CustomerSegment
from oltp.customers.segment_queries import get_field
from oltp.customers.segment_rules import custom_keys, read_rule
from oltp.customers.values import column_of, parse_value
from oltp.db.locking import lock_fields, share_fields
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event

_FORGET = text("DELETE FROM customer_custom_value WHERE store_id = :store AND customer_id = :customer "
               "AND field_id = ANY (CAST(:fields AS uuid[]))")


def create_field(
    session: Session, *, store_id: UUID, key: str, label: str, kind: str, choices: Sequence[str] | None = None,
    is_required: bool = False, position: int = 0, clock: Clock,
) -> CustomerCustomField:
    """Add a field that the store keeps about its customers. Errors: ChoicesMissing, FieldKeyTaken."""
    now = clock.now()
    _check_choices(kind, choices)
    made = CustomerCustomField(
        id=new_id(), store_id=store_id, key=key, label=label, kind=kind, choices=list(choices) if choices else None,
        is_required=is_required, position=position, created_at=now, updated_at=now)
    session.add(made)
    try:
        session.flush()
    except IntegrityError as error:
        if "customer_custom_field_live_key_key" in str(error.orig):
            raise FieldKeyTaken(key=key, field="key") from None
        raise
    _record(session, made=made, name="custom_field.created", now=now)
    return made


def update_field(
    session: Session, *, store_id: UUID, field_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> CustomerCustomField:
    """Change some of label, choices, is_required, position. Key and kind stay: values hang on them.

    Errors: FieldNotFound, Stale, ChoicesMissing, ChoiceInUse.
    """
    field = _take(session, store_id=store_id, field_id=field_id, expected=expected_updated_at)
    changed = {name: value for name, value in changes.items() if getattr(field, name) != value}
    if "choices" in changed:
        _check_choices(field.kind, changed["choices"])
        used = session.scalar(select(CustomerCustomValue.text_value).where(
            CustomerCustomValue.store_id == store_id, CustomerCustomValue.field_id == field_id,
            CustomerCustomValue.text_value.not_in(changed["choices"] or [])).limit(1))
        if used is not None:
            raise ChoiceInUse(choice=used, field="choices")
    if changed:
        for name, value in changed.items():
            setattr(field, name, value)
        field.updated_at = clock.now()
        _record(session, made=field, name="custom_field.updated", now=field.updated_at)
    return field


def delete_field(
    session: Session, *, store_id: UUID, field_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a field; nobody sees its values any more. Errors: FieldNotFound, Stale, FieldInUse (by a segment)."""
    field = _take(session, store_id=store_id, field_id=field_id, expected=expected_updated_at)
    for segment in session.scalars(select(CustomerSegment).where(
            CustomerSegment.store_id == store_id, CustomerSegment.kind == "rule",
            CustomerSegment.deleted_at.is_(None))):
        if field.key in custom_keys(read_rule(segment.rule or {})):
            raise FieldInUse(key=field.key, segment=segment.slug)
    now = field.deleted_at = field.updated_at = clock.now()
    _record(session, made=field, name="custom_field.deleted", now=now)


def put_values(
    session: Session, *, store_id: UUID, customer_id: UUID, values: Mapping[str, object], clock: Clock
) -> None:
    """Make `values` all that is kept of the customer: key → value; what is not in it, or null, is forgotten.

    Errors: CustomerNotFound, FieldUnknown, ValueInvalid, ValueRequired.
    """
    take_customer(session, store_id=store_id, customer_id=customer_id)
    share_fields(session, store_id=store_id)
    fields = {field.key: field for field in session.scalars(select(CustomerCustomField).where(
        CustomerCustomField.store_id == store_id, CustomerCustomField.deleted_at.is_(None)))}
    given = {key: value for key, value in values.items() if value is not None}
    for key in values:
        if key not in fields:
            raise FieldUnknown(key=key, field=f"values.{key}")
    for field in fields.values():
        if field.is_required and field.key not in given:
            raise ValueRequired(key=field.key, field=f"values.{field.key}")
    now = clock.now()
    rows = [_row(fields[key], customer_id=customer_id, given=value, now=now) for key, value in sorted(given.items())]
    gone = [field.id for field in fields.values() if field.key not in given]
    session.execute(_FORGET, {"store": store_id, "customer": customer_id, "fields": gone})
    if rows:
        _write(session, rows=rows)
    record_event(session, store_id=store_id, name="customer.values_changed", entity_type="customer",
                 entity_id=customer_id, payload={"customer_id": str(customer_id), "keys": sorted(given)},
                 occurred_at=now, actor_type="USER")


def _row(field: CustomerCustomField, *, customer_id: UUID, given: object, now: datetime) -> dict[str, Any]:
    value = parse_value(given, kind=field.kind, key=field.key, choices=field.choices)
    return {"id": new_id(), "store_id": field.store_id, "customer_id": customer_id, "field_id": field.id,
            "kind": field.kind, "updated_at": now, **column_of(value, kind=field.kind)}


def _write(session: Session, *, rows: Sequence[Mapping[str, Any]]) -> None:
    row = insert(CustomerCustomValue).values(list(rows))
    columns = ("text_value", "number_value", "boolean_value", "date_value", "updated_at")
    session.execute(row.on_conflict_do_update(
        index_elements=["store_id", "customer_id", "field_id"],
        set_={name: row.excluded[name] for name in columns}))


def _take(session: Session, *, store_id: UUID, field_id: UUID, expected: datetime | None) -> CustomerCustomField:
    lock_fields(session, store_id=store_id)
    field = get_field(session, store_id=store_id, field_id=field_id)
    session.refresh(field)
    if expected is not None and expected != field.updated_at:
        raise Stale()
    return field


def _check_choices(kind: str, choices: Sequence[str] | None) -> None:
    if (kind == "choice") != bool(choices) or len(set(choices or ())) != len(choices or ()):
        raise ChoicesMissing(field="choices")


def _record(session: Session, *, made: CustomerCustomField, name: str, now: datetime) -> None:
    session.flush()
    record_event(session, store_id=made.store_id, name=name, entity_type="custom_field", entity_id=made.id,
                 payload={"key": made.key, "kind": made.kind}, occurred_at=now, actor_type="USER")
