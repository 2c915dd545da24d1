"""Tables of the room `jobs`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id


class JobDescriptor(Base):
    """The mirror of a job in the queue; `store_id` is empty for jobs that serve no store."""

    __tablename__ = "job_descriptor"
    __table_args__ = (
        UniqueConstraint("job_id"),
        CheckConstraint("(status <> 'running') OR (started_at IS NOT NULL)", name="job_descriptor_check1"),
        CheckConstraint(
            "(status = ANY (ARRAY['succeeded', 'failed', 'canceled'])) = (finished_at IS NOT NULL)",
            name="job_descriptor_check",
        ),
        CheckConstraint("attempt_count >= 0", name="job_descriptor_attempt_count_check"),
        CheckConstraint(
            "status = ANY (ARRAY['queued', 'running', 'succeeded', 'failed', 'canceled'])",
            name="job_descriptor_status_check",
        ),
        Index("job_descriptor_store_id_created_at_idx", "store_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    job_id: Mapped[int] = mapped_column(BigInteger)
    task: Mapped[str]
    queue: Mapped[str]
    status: Mapped[str]
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    error: Mapped[str | None]
    scheduled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
