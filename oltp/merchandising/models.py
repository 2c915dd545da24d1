"""Tables of the room `merchandising`."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class Collection(Base):
    """Products grouped by hand (ordered) or by a rule."""

    __tablename__ = "collection"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(kind = 'rule') = (rule IS NOT NULL)", name="collection_check"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 255)", name="collection_name_check"),
        CheckConstraint("kind = ANY (ARRAY['manual', 'rule'])", name="collection_kind_check"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="collection_slug_check"),
        Index("collection_live_slug_key", "store_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index(
            "collection_store_id_position_id_idx",
            "store_id",
            text('"position"'),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    image_url: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default=text("'manual'"))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_published: Mapped[bool] = mapped_column(server_default=text("true"))
    position: Mapped[int] = mapped_column(server_default=text("0"))
    meta_title: Mapped[str | None]
    meta_description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class CollectionProduct(Base):
    """A product's place in a collection."""

    __tablename__ = "collection_product"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "collection_id"], ["collection.store_id", "collection.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        CheckConstraint('"position" >= 0', name="collection_product_position_check"),
        Index(
            "collection_product_store_id_collection_id_position_product_id_i",
            "store_id",
            "collection_id",
            text('"position"'),
            "product_id",
        ),
        Index("collection_product_store_id_product_id_idx", "store_id", "product_id"),
    )

    store_id: Mapped[UUID] = mapped_column(primary_key=True)
    collection_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(server_default=text("0"))
    added_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductBundle(Base):
    """Several variants sold together: at the sum, at a fixed price, or with a percentage off."""

    __tablename__ = "product_bundle"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="product_bundle_check1"),
        CheckConstraint(
            "(discount_percent > (0)) AND (discount_percent <= (100))", name="product_bundle_discount_percent_check"
        ),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 255)", name="product_bundle_name_check"),
        CheckConstraint("(pricing = 'fixed') = (amount IS NOT NULL)", name="product_bundle_check"),
        CheckConstraint("(pricing = 'percent') = (discount_percent IS NOT NULL)", name="product_bundle_check2"),
        CheckConstraint("amount >= 0", name="product_bundle_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="product_bundle_currency_check"),
        CheckConstraint("pricing = ANY (ARRAY['sum', 'fixed', 'percent'])", name="product_bundle_pricing_check"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="product_bundle_slug_check"),
        Index(
            "product_bundle_live_slug_key", "store_id", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    pricing: Mapped[str] = mapped_column(server_default=text("'sum'"))
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class BundleItem(Base):
    """How many of a variant one bundle takes."""

    __tablename__ = "bundle_item"
    __table_args__ = (
        UniqueConstraint("store_id", "bundle_id", "variant_id"),
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "bundle_id"], ["product_bundle.store_id", "product_bundle.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["product_variants.store_id", "product_variants.id"], ondelete="CASCADE"
        ),
        CheckConstraint("quantity > 0", name="bundle_item_quantity_check"),
        Index("bundle_item_store_id_variant_id_idx", "store_id", "variant_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    bundle_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
    position: Mapped[int] = mapped_column(server_default=text("0"))
