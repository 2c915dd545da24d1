"""Tables of the room `extraction`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import RowVersion


class RowTombstone(Base):
    """A deleted row, for the next extraction."""

    __tablename__ = "row_tombstone"
    __table_args__ = (Index("row_tombstone_row_version_idx", "row_version"),)

    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[str] = mapped_column(primary_key=True)
    row_version: Mapped[RowVersion]
    deleted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
