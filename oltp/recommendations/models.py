"""Tables of the room `recommendations`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import StoreId


class ProductRecommendation(Base):
    """Grain: store, kind, product and rank. `product_id` is NULL for kinds about the whole store."""

    __tablename__ = "product_recommendation"
    __table_args__ = (
        UniqueConstraint("store_id", "kind", "product_id", "rank", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "recommended_product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"
        ),
        CheckConstraint("product_id <> recommended_product_id", name="product_recommendation_check"),
        CheckConstraint("(kind = 'bestsellers') = (product_id IS NULL)", name="product_recommendation_check1"),
        CheckConstraint(
            "kind = ANY (ARRAY['similar', 'bought_together', 'bestsellers'])",
            name="product_recommendation_kind_check",
        ),
        CheckConstraint("rank >= 1", name="product_recommendation_rank_check"),
        Index("product_recommendation_store_id_recommended_product_id_idx", "store_id", "recommended_product_id"),
    )
    __mapper_args__ = {"primary_key": ["store_id", "kind", "product_id", "rank"]}  # noqa: RUF012 - SQLAlchemy reads it once

    store_id: Mapped[StoreId]
    kind: Mapped[str]
    product_id: Mapped[UUID | None]
    recommended_product_id: Mapped[UUID]
    rank: Mapped[int] = mapped_column(SmallInteger)
    score: Mapped[float] = mapped_column(Double)
    support: Mapped[int | None]
    source: Mapped[str]
    reason: Mapped[str]
    model_version: Mapped[str]
    horizon: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
