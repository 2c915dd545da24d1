"""Tables of the room `imports`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class ImportRun(Base):
    """One file brought in, with its report."""

    __tablename__ = "import_run"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "source", "file_hash"),
        CheckConstraint("(status = 'complete') = (completed_at IS NOT NULL)", name="import_run_check"),
        CheckConstraint("status = ANY (ARRAY['staging', 'complete'])", name="import_run_status_check"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    source: Mapped[str]
    file_name: Mapped[str]
    file_hash: Mapped[str]
    status: Mapped[str]
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    completed_at: Mapped[datetime | None]


class ImportBatch(Base):
    """Prepared rows waiting for the transaction that makes them visible."""

    __tablename__ = "import_batch"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "run_id"], ["import_run.store_id", "import_run.id"], ondelete="CASCADE"
        ),
        CheckConstraint("ordinal >= 0", name="import_batch_ordinal_check"),
        CheckConstraint("row_count > 0", name="import_batch_row_count_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    row_count: Mapped[int]
    payload: Mapped[bytes]
