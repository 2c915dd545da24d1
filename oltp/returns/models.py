"""Tables of the room `returns`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class ReturnRequest(Base):
    """A customer sends goods back."""

    __tablename__ = "return_request"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "refund_id"],
            ["refund.store_id", "refund.order_id", "refund.id"],
            ondelete="SET NULL (refund_id)",
        ),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("(refund_id IS NULL) OR (status = 'refunded')", name="return_request_check"),
        CheckConstraint(
            "status = ANY (ARRAY['requested', 'approved', 'received', 'inspected', 'refunded', 'rejected'])",
            name="return_request_status_check",
        ),
        Index("return_request_store_id_order_id_status_idx", "store_id", "order_id", "status"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default=text("'requested'"))
    reason_code: Mapped[str | None]
    note: Mapped[str | None]
    initiated_by_customer: Mapped[bool] = mapped_column(server_default=text("true"))
    refund_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    reject_reason: Mapped[str | None]
    refund_started_at: Mapped[datetime | None]


class ReturnItem(Base):
    """How many of a line come back, and in which condition."""

    __tablename__ = "return_item"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "return_request_id", "order_item_id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "order_item_id"],
            ["order_items.store_id", "order_items.order_id", "order_items.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id", "return_request_id"],
            ["return_request.store_id", "return_request.order_id", "return_request.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("condition = ANY (ARRAY['new', 'opened', 'damaged'])", name="return_item_condition_check"),
        CheckConstraint("outcome = ANY (ARRAY['restock', 'discard'])", name="return_item_outcome_check"),
        CheckConstraint("quantity > 0", name="return_item_quantity_check"),
        Index("return_item_store_id_order_id_order_item_id_idx", "store_id", "order_id", "order_item_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    return_request_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_item_id: Mapped[UUID]
    quantity: Mapped[int]
    condition: Mapped[str] = mapped_column(server_default=text("'new'"))
    outcome: Mapped[str | None]
