"""Tables of the room `inventory`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, Id


class InventoryLog(Base):
    """The legacy stock log; read-only."""

    __tablename__ = "inventory_logs"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        Index("inventory_logs_product_id_created_at_idx", "product_id", "created_at"),
        Index("inventory_logs_store_id_product_id_created_at_idx", "store_id", "product_id", "created_at"),
        Index("inventory_logs_user_id_created_at_idx", "user_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    product_id: Mapped[UUID]
    previous_qty: Mapped[int]
    new_qty: Mapped[int]
    change_qty: Mapped[int]
    reason: Mapped[str]
    note: Mapped[str | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL", onupdate="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
