"""Tables of the room `search`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base


class EmbeddingModel(Base):
    """An encoder with its document template; vectors of two models are never compared."""

    __tablename__ = "embedding_model"
    __table_args__ = (
        CheckConstraint("(dimensions >= 1) AND (dimensions <= 4000)", name="embedding_model_dimensions_check"),
        CheckConstraint("status = ANY (ARRAY['building', 'active', 'retired'])", name="embedding_model_status_check"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    dimensions: Mapped[int]
    template_version: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StoreShard(Base):
    """Where the vectors of a store lie, and which model its queries use."""

    __tablename__ = "store_shard"
    __table_args__ = (
        UniqueConstraint("store_id", "shard"),
        CheckConstraint("shard >= 0", name="store_shard_shard_check"),
        Index("store_shard_active_model_id_idx", "active_model_id"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger)
    active_model_id: Mapped[str | None] = mapped_column(ForeignKey("embedding_model.id"))


class ProductEmbedding(Base):
    """The vector of a product's document."""

    __tablename__ = "product_embedding"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["store_id", "shard"], ["store_shard.store_id", "store_shard.shard"], ondelete="CASCADE"),
        CheckConstraint("vector_dims(embedding) = dimensions", name="product_embedding_check"),
        Index("product_embedding_store_id_product_id_idx", "store_id", "product_id"),
        {"postgresql_partition_by": "LIST (shard)"},
    )

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    model_id: Mapped[str] = mapped_column(ForeignKey("embedding_model.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    dimensions: Mapped[int]
    embedding: Mapped[Any] = mapped_column(HALFVEC())
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductSearchDocument(Base):
    """What is searched: one document per product and locale."""

    __tablename__ = "product_search_document"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        Index("product_search_document_document_idx", "document", postgresql_using="gin"),
        Index(
            "product_search_document_title_idx",
            "title",
            postgresql_using="gin",
            postgresql_ops={"title": "gin_trgm_ops"},
        ),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    brand: Mapped[str] = mapped_column(server_default=text("''"))
    category_path: Mapped[str] = mapped_column(server_default=text("''"))
    keywords: Mapped[str] = mapped_column(server_default=text("''"))
    body: Mapped[str] = mapped_column(server_default=text("''"))
    sku: Mapped[str]
    document: Mapped[str] = mapped_column(TSVECTOR)
    content_hash: Mapped[str]
    is_available: Mapped[bool]
    price_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
