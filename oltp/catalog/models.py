"""Tables of the room `catalog`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, PRODUCT_STATUS, Id, RowVersion


class Category(Base):
    """A node of the category tree."""

    __tablename__ = "categories"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "parent_id"], ["categories.store_id", "categories.id"], ondelete="SET NULL (parent_id)"
        ),
        Index("categories_live_slug_key", "store_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index(
            "categories_live_tree_idx",
            "store_id",
            "parent_id",
            "sort_order",
            "name",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("categories_store_id_is_published_idx", "store_id", "is_published"),
        Index("categories_store_id_parent_id_idx", "store_id", "parent_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    image: Mapped[str | None]
    parent_id: Mapped[UUID | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    is_published: Mapped[bool] = mapped_column(server_default=text("true"))
    sort_order: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)


class Brand(Base):
    """A brand."""

    __tablename__ = "brands"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        Index("brands_live_slug_key", "store_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("brands_store_id_is_published_idx", "store_id", "is_published"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    logo: Mapped[str | None]
    website: Mapped[str | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    is_published: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)


class Product(Base):
    """What a store offers; sold by variant."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "brand_id"], ["brands.store_id", "brands.id"], ondelete="SET NULL (brand_id)"
        ),
        ForeignKeyConstraint(
            ["store_id", "category_id"], ["categories.store_id", "categories.id"], ondelete="SET NULL (category_id)"
        ),
        ForeignKeyConstraint(
            ["store_id", "shipping_profile_id"],
            ["shipping_profile.store_id", "shipping_profile.id"],
            ondelete="SET NULL (shipping_profile_id)",
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="products_currency_check"),
        Index(
            "products_active_listing_idx",
            "store_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("(deleted_at IS NULL) AND (status = 'ACTIVE'::product_status)"),
        ),
        Index(
            "products_live_brand_idx",
            "store_id",
            "brand_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "products_live_category_idx",
            "store_id",
            "category_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "products_live_listing_idx",
            "store_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("products_live_sku_key", "store_id", "sku", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("products_live_slug_key", "store_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index("products_live_status_idx", "store_id", "status", postgresql_where=text("deleted_at IS NULL")),
        Index("products_row_version_idx", "row_version"),
        Index("products_store_id_brand_id_idx", "store_id", "brand_id"),
        Index("products_store_id_category_id_idx", "store_id", "category_id"),
        Index(
            "products_store_id_shipping_profile_id_idx",
            "store_id",
            "shipping_profile_id",
            postgresql_where=text("shipping_profile_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    name: Mapped[str]
    slug: Mapped[str]
    sku: Mapped[str]
    description: Mapped[str | None]
    short_description: Mapped[str | None]
    barcode: Mapped[str | None]
    track_inventory: Mapped[bool] = mapped_column(server_default=text("true"))
    low_stock_threshold: Mapped[int] = mapped_column(server_default=text("5"))
    weight: Mapped[float | None] = mapped_column(Double)
    length: Mapped[float | None] = mapped_column(Double)
    width: Mapped[float | None] = mapped_column(Double)
    height: Mapped[float | None] = mapped_column(Double)
    category_id: Mapped[UUID | None]
    brand_id: Mapped[UUID | None]
    thumbnail_url: Mapped[str | None]
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    meta_keywords: Mapped[str | None]
    status: Mapped[str] = mapped_column(PRODUCT_STATUS, server_default=text("'DRAFT'::product_status"))
    published_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    is_featured: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    currency: Mapped[str]
    price_amount: Mapped[int] = mapped_column(BigInteger)
    compare_at_amount: Mapped[int | None] = mapped_column(BigInteger)
    cost_amount: Mapped[int | None] = mapped_column(BigInteger)
    row_version: Mapped[RowVersion]
    tax_class: Mapped[str] = mapped_column(server_default=text("'standard'"))
    shipping_profile_id: Mapped[UUID | None]


class ProductVariant(Base):
    """What is bought and stocked; a product always has at least one. `price_amount` NULL inherits the product price."""

    __tablename__ = "product_variants"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="product_variants_currency_check"),
        Index(
            "product_variants_live_sku_key", "store_id", "sku", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
        Index("product_variants_row_version_idx", "row_version"),
        Index("product_variants_store_id_product_id_idx", "store_id", "product_id"),
    )

    id: Mapped[Id]
    product_id: Mapped[UUID]
    name: Mapped[str]
    sku: Mapped[str]
    barcode: Mapped[str | None]
    low_stock_threshold: Mapped[int] = mapped_column(server_default=text("5"))
    weight: Mapped[float | None] = mapped_column(Double)
    image: Mapped[str | None]
    options: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    store_id: Mapped[UUID]
    currency: Mapped[str]
    price_amount: Mapped[int | None] = mapped_column(BigInteger)
    compare_at_amount: Mapped[int | None] = mapped_column(BigInteger)
    row_version: Mapped[RowVersion]
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)


class ProductAttribute(Base):
    """A named attribute; `values` is a JSON array of the allowed strings."""

    __tablename__ = "product_attributes"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "name"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    name: Mapped[str]
    values: Mapped[str] = mapped_column("values")
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))


class ProductAttributeValue(Base):
    """A product's value of an attribute."""

    __tablename__ = "product_attribute_values"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "attribute_id"], ["product_attributes.store_id", "product_attributes.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        Index("product_attribute_values_store_id_attribute_id_idx", "store_id", "attribute_id"),
        Index("product_attribute_values_store_id_product_id_idx", "store_id", "product_id"),
    )

    id: Mapped[Id]
    product_id: Mapped[UUID]
    attribute_id: Mapped[UUID]
    value: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    store_id: Mapped[UUID]
