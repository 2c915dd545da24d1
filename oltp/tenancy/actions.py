"""Writes of tenancy."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from oltp.outbox.actions import record_event
from oltp.tenancy.errors import FlagUnknown, SellingSettingUnknown
from oltp.tenancy.models import FeatureFlag, SellingSettings
from oltp.tenancy.queries import Selling, get_selling_settings

# Every switch there is, and what it turns on.
FLAGS = {"i18n": "names and texts in the language a reader asks for"}


def set_flag(session: Session, *, store_id: UUID, name: str, is_enabled: bool, now: datetime) -> None:
    """Turn a feature of the store on or off. Errors: FlagUnknown."""
    if name not in FLAGS:
        raise FlagUnknown(name=name, known=", ".join(FLAGS), field="name")
    row = insert(FeatureFlag).values(
        store_id=store_id, name=name, is_enabled=is_enabled, created_at=now, updated_at=now)
    session.execute(row.on_conflict_do_update(
        index_elements=["store_id", "name"], set_={"is_enabled": row.excluded.is_enabled, "updated_at": now}))


def change_selling_settings(
    session: Session, *, store_id: UUID, changes: Mapping[str, object], now: datetime
) -> Selling:
    """Change how the store sells, field by field of Selling; return how it sells now.

    Quotes keep what they were made by. Fields that are not given stay, whoever changes them meanwhile. What the columns
    don't hold is an IntegrityError.
    Errors: SellingSettingUnknown.
    """
    known = {field.name for field in fields(Selling)}
    for name in changes:
        if name not in known:
            raise SellingSettingUnknown(name=name, known=", ".join(sorted(known)), field=name)
    if changes:
        row = insert(SellingSettings).values(store_id=store_id, updated_at=now, **changes)
        session.execute(row.on_conflict_do_update(
            index_elements=["store_id"], set_={"updated_at": now, **changes}))
        record_event(session, store_id=store_id, name="selling_settings.changed", entity_type="store",
                     entity_id=store_id, payload=changes, occurred_at=now)
    return get_selling_settings(session, store_id=store_id)
