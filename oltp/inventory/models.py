"""Tables of the room `inventory`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, Id


class InventoryLog(Base):
    """The legacy stock log; read-only."""

    __tablename__ = "inventory_logs"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        Index("inventory_logs_store_id_product_id_created_at_idx", "store_id", "product_id", "created_at"),
        Index("inventory_logs_store_id_user_id_idx", "store_id", "user_id"),
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


class InventoryLevel(Base):
    """A variant's stock now: what is there and what of it is reserved."""

    __tablename__ = "inventory_level"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["product_variants.store_id", "product_variants.id"], ondelete="CASCADE"
        ),
        CheckConstraint(
            "(NOT is_tracked) OR ((reserved >= 0) AND (reserved <= "
            "((on_hand::bigint + backorder_limit) + legacy_shortage)))",
            name="inventory_level_available_check",
        ),
        CheckConstraint("backorder_limit >= 0", name="inventory_level_backorder_limit_check"),
        CheckConstraint("legacy_shortage >= 0", name="inventory_level_legacy_shortage_check"),
        CheckConstraint("reserved >= 0", name="inventory_level_reserved_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_hand: Mapped[int] = mapped_column(server_default=text("0"))
    reserved: Mapped[int] = mapped_column(server_default=text("0"))
    backorder_limit: Mapped[int] = mapped_column(server_default=text("0"))
    legacy_shortage: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    is_tracked: Mapped[bool] = mapped_column(server_default=text("true"))
    low_stock_threshold: Mapped[int] = mapped_column(server_default=text("5"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    is_product_stock: Mapped[bool] = mapped_column(server_default=text("false"))


class InventoryAdjustment(Base):
    """A change of stock; append-only, and the level is always the sum of them."""

    __tablename__ = "inventory_adjustment"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="SET NULL (order_id)"
        ),
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["inventory_level.store_id", "inventory_level.variant_id"], ondelete="CASCADE"
        ),
        CheckConstraint("delta <> 0", name="inventory_adjustment_delta_check"),
        CheckConstraint(
            "reason_code = ANY (ARRAY['sale', 'return', 'manual', 'correction', 'initial'])",
            name="inventory_adjustment_reason_code_check",
        ),
        Index(
            "inventory_adjustment_inventory_log_key",
            "store_id",
            "inventory_log_id",
            unique=True,
            postgresql_where=text("inventory_log_id IS NOT NULL"),
        ),
        Index(
            "inventory_adjustment_store_id_order_id_idx",
            "store_id",
            "order_id",
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index("inventory_adjustment_store_id_variant_id_created_at_idx", "store_id", "variant_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    delta: Mapped[int]
    reason_code: Mapped[str]
    reason_detail: Mapped[str | None]
    note: Mapped[str | None]
    order_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    inventory_log_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StockReservation(Base):
    """Stock held for a checkout until a moment; expired ones do not count."""

    __tablename__ = "stock_reservation"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["inventory_level.store_id", "inventory_level.variant_id"], ondelete="CASCADE"
        ),
        CheckConstraint("expires_at > created_at", name="stock_reservation_check"),
        CheckConstraint("quantity > 0", name="stock_reservation_quantity_check"),
        Index("stock_reservation_expires_at_idx", "expires_at"),
        Index("stock_reservation_store_id_order_id_idx", "store_id", "order_id"),
        Index("stock_reservation_store_id_variant_id_expires_at_idx", "store_id", "variant_id", "expires_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    quantity: Mapped[int]
    expires_at: Mapped[datetime]
    extended_at: Mapped[datetime | None]
    order_id: Mapped[UUID | None]
    correlation_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
