"""Tables of the room `catalog`: images and translations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class ProductImage(Base):
    """One image of a product; `position` orders them, 0 first."""

    __tablename__ = "product_image"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "product_id", "position", deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["product_variants.store_id", "product_variants.id"],
            ondelete="SET NULL (variant_id)",
        ),
        CheckConstraint("(length(url) >= 1) AND (length(url) <= 4000)", name="product_image_url_check"),
        CheckConstraint('"position" >= 0', name="product_image_position_check"),
        CheckConstraint("length(alt) <= 1000", name="product_image_alt_check"),
        Index("product_image_store_id_variant_id_idx", "store_id", "variant_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    product_id: Mapped[UUID]
    variant_id: Mapped[UUID | None]
    url: Mapped[str]
    alt: Mapped[str | None]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductTranslation(Base):
    """A product's words in one locale; deleted and restored with the product."""

    __tablename__ = "product_translation"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "product_id", "locale"),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 255)", name="product_translation_name_check"),
        CheckConstraint(
            "(slug !~ '[[:space:][:upper:]/?#]') AND ((length(slug) >= 1) AND (length(slug) <= 255))",
            name="product_translation_slug_check",
        ),
        CheckConstraint(
            "locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'", name="product_translation_locale_check"
        ),
        Index(
            "product_translation_live_slug_key",
            "store_id",
            "locale",
            "slug",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    product_id: Mapped[UUID]
    locale: Mapped[str]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    short_description: Mapped[str | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class CategoryTranslation(Base):
    """A category's words in one locale."""

    __tablename__ = "category_translation"
    __table_args__ = (
        UniqueConstraint("store_id", "category_id", "locale"),
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "category_id"], ["categories.store_id", "categories.id"], ondelete="CASCADE"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 255)", name="category_translation_name_check"),
        CheckConstraint(
            "(slug !~ '[[:space:][:upper:]/?#]') AND ((length(slug) >= 1) AND (length(slug) <= 255))",
            name="category_translation_slug_check",
        ),
        CheckConstraint(
            "locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'", name="category_translation_locale_check"
        ),
        Index(
            "category_translation_live_slug_key",
            "store_id",
            "locale",
            "slug",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    category_id: Mapped[UUID]
    locale: Mapped[str]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class BrandTranslation(Base):
    """A brand's words in one locale."""

    __tablename__ = "brand_translation"
    __table_args__ = (
        UniqueConstraint("store_id", "brand_id", "locale"),
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "brand_id"], ["brands.store_id", "brands.id"], ondelete="CASCADE"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 255)", name="brand_translation_name_check"),
        CheckConstraint(
            "(slug !~ '[[:space:][:upper:]/?#]') AND ((length(slug) >= 1) AND (length(slug) <= 255))",
            name="brand_translation_slug_check",
        ),
        CheckConstraint(
            "locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'", name="brand_translation_locale_check"
        ),
        Index(
            "brand_translation_live_slug_key",
            "store_id",
            "locale",
            "slug",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    brand_id: Mapped[UUID]
    locale: Mapped[str]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]
