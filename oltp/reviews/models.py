"""Tables of the room `reviews`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, Id


class Review(Base):
    """A customer's review of a product."""

    __tablename__ = "reviews"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="SET NULL (customer_id)"
        ),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        Index(
            "reviews_live_listing_idx",
            "store_id",
            "product_id",
            "is_approved",
            text("created_at DESC"),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("reviews_store_id_customer_id_idx", "store_id", "customer_id"),
        Index("reviews_store_id_product_id_idx", "store_id", "product_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    product_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    rating: Mapped[int]
    title: Mapped[str | None]
    comment: Mapped[str]
    images: Mapped[str | None]
    is_approved: Mapped[bool] = mapped_column(server_default=text("false"))
    approved_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    is_verified_purchase: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
