"""Tables of the room `audit`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, RowVersion

ACTOR_TYPES = ("USER", "SYSTEM", "JOB")
SEVERITIES = ("info", "warning", "critical")


class AuditLog(Base):
    """Who changed what. Append-only, partitioned by month of `created_at`; no key to the store, which it outlives."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        CheckConstraint("actor_type = ANY (ARRAY['USER', 'SYSTEM', 'JOB'])", name="audit_logs_actor_type_check"),
        CheckConstraint("severity = ANY (ARRAY['info', 'warning', 'critical'])", name="audit_logs_severity_check"),
        Index("audit_logs_row_version_idx", "row_version"),
        Index(
            "audit_logs_store_id_correlation_id_idx", "store_id", "correlation_id",
            postgresql_where=text("correlation_id IS NOT NULL"),
        ),
        Index("audit_logs_store_id_created_at_idx", "store_id", "created_at"),
        Index(
            "audit_logs_store_id_entity_type_entity_id_created_at_idx",
            "store_id", "entity_type", "entity_id", "created_at",
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    store_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL", onupdate="CASCADE"))
    action: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[str]
    changes: Mapped[str | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, primary_key=True, server_default=text("now()"))
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    actor_type: Mapped[str] = mapped_column(server_default=text("'USER'"))
    severity: Mapped[str] = mapped_column(server_default=text("'info'"))
    signature: Mapped[str | None]
    row_version: Mapped[RowVersion]
