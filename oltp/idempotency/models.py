"""Tables of the room `idempotency`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base


class IdempotencyRecord(Base):
    """A request that may be repeated, and its answer."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        CheckConstraint("(length(key) >= 1) AND (length(key) <= 255)", name="idempotency_record_key_check"),
        CheckConstraint("(status = 'done') = (response_status IS NOT NULL)", name="idempotency_record_check"),
        CheckConstraint("body_hash ~ '^[0-9a-f]{64}$'", name="idempotency_record_body_hash_check"),
        CheckConstraint("expires_at > created_at", name="idempotency_record_check1"),
        CheckConstraint("status = ANY (ARRAY['started', 'done'])", name="idempotency_record_status_check"),
        Index("idempotency_record_expires_at_idx", "expires_at"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str]
    body_hash: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'started'"))
    response_status: Mapped[int | None] = mapped_column(SmallInteger)
    response_body: Mapped[str | None]
    response_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(server_default=text("now() + '24:00:00'::interval"))
