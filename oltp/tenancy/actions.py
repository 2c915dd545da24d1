"""Writes of tenancy."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from oltp.tenancy.errors import FlagUnknown
from oltp.tenancy.models import FeatureFlag

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
