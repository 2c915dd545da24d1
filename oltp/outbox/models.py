"""Tables of the room `outbox`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, RowVersion, StoreId


class DomainEvent(Base):
    """A fact about a state change, committed with it (outbox); append-only."""

    __tablename__ = "domain_event"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("actor_type = ANY (ARRAY['USER', 'SYSTEM', 'JOB'])", name="domain_event_actor_type_check"),
        CheckConstraint("name ~ '^[a-z_]+[.][a-z_]+$'", name="domain_event_name_check"),
        Index("domain_event_row_version_idx", "row_version"),
        Index("domain_event_store_id_entity_id_occurred_at_idx", "store_id", "entity_id", "occurred_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    actor_type: Mapped[str] = mapped_column(server_default=text("'SYSTEM'"))
    row_version: Mapped[RowVersion]
