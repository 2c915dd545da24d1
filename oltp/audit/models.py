"""Tables of the room `audit`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, Id


class AuditLog(Base):
    """Who changed what."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        Index("audit_logs_entity_type_entity_id_created_at_idx", "entity_type", "entity_id", "created_at"),
        Index("audit_logs_store_id_created_at_idx", "store_id", "created_at"),
        Index("audit_logs_user_id_created_at_idx", "user_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL", onupdate="CASCADE"))
    action: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[str]
    changes: Mapped[str | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
