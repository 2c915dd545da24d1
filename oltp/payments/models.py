"""Tables of the room `payments`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, RowVersion, StoreId


class Refund(Base):
    """Money given back on an order."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id"),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("amount >= 0", name="refund_amount_check"),
        CheckConstraint("(status = 'processed') = (processed_at IS NOT NULL)", name="refund_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="refund_currency_check"),
        CheckConstraint("status = ANY (ARRAY['pending', 'processed', 'failed'])", name="refund_status_check"),
        Index("refund_row_version_idx", "row_version"),
        Index("refund_store_id_order_id_idx", "store_id", "order_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason: Mapped[str | None]
    external_ref: Mapped[str | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    processed_at: Mapped[datetime | None]
    row_version: Mapped[RowVersion]


class RefundItem(Base):
    """What a refund is for: units of a line, shipping, tax, or a plain amount."""

    __tablename__ = "refund_item"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "order_item_id"],
            ["order_items.store_id", "order_items.order_id", "order_items.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id", "refund_id"],
            ["refund.store_id", "refund.order_id", "refund.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("amount >= 0", name="refund_item_amount_check"),
        CheckConstraint("(kind = 'item') = (quantity IS NOT NULL)", name="refund_item_check"),
        CheckConstraint("(kind <> 'item') OR (order_item_id IS NOT NULL)", name="refund_item_check1"),
        CheckConstraint("kind = ANY (ARRAY['item', 'shipping', 'tax', 'amount'])", name="refund_item_kind_check"),
        CheckConstraint("quantity > 0", name="refund_item_quantity_check"),
        Index("refund_item_row_version_idx", "row_version"),
        Index("refund_item_store_id_order_id_order_item_id_idx", "store_id", "order_id", "order_item_id"),
        Index("refund_item_store_id_refund_id_idx", "store_id", "refund_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    refund_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_item_id: Mapped[UUID | None]
    kind: Mapped[str]
    quantity: Mapped[int | None]
    amount: Mapped[int] = mapped_column(BigInteger)
    row_version: Mapped[RowVersion]
