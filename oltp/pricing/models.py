"""Tables of the room `pricing`."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class ProductPrice(Base):
    """A price of a product or variant for a currency, segment and quantity, from `effective_at` until `expires_at`."""

    __tablename__ = "product_price"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint(
            "store_id",
            "product_id",
            "variant_id",
            "currency",
            "segment_id",
            "min_quantity",
            "during",
            name="product_price_no_overlap",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "segment_id"], ["customer_segment.store_id", "customer_segment.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["product_variants.store_id", "product_variants.id"], ondelete="CASCADE"
        ),
        CheckConstraint("amount >= 0", name="product_price_amount_check"),
        CheckConstraint("compare_at_amount >= 0", name="product_price_compare_at_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="product_price_currency_check"),
        CheckConstraint("expires_at > effective_at", name="product_price_check"),
        CheckConstraint("min_quantity >= 1", name="product_price_min_quantity_check"),
        CheckConstraint("num_nonnulls(product_id, variant_id) = 1", name="product_price_check1"),
        Index(
            "product_price_store_id_product_id_currency_segment_id_idx",
            "store_id",
            "product_id",
            "currency",
            "segment_id",
            postgresql_where=text("product_id IS NOT NULL"),
        ),
        Index(
            "product_price_store_id_segment_id_idx",
            "store_id",
            "segment_id",
            postgresql_where=text("segment_id IS NOT NULL"),
        ),
        Index(
            "product_price_store_id_variant_id_currency_segment_id_idx",
            "store_id",
            "variant_id",
            "currency",
            "segment_id",
            postgresql_where=text("variant_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    product_id: Mapped[UUID | None]
    variant_id: Mapped[UUID | None]
    currency: Mapped[str]
    segment_id: Mapped[UUID | None]
    min_quantity: Mapped[int] = mapped_column(server_default=text("1"))
    amount: Mapped[int] = mapped_column(BigInteger)
    compare_at_amount: Mapped[int | None] = mapped_column(BigInteger)
    effective_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime | None]
    during: Mapped[Range[datetime] | None] = mapped_column(
        TSTZRANGE, Computed("tstzrange(effective_at, expires_at, '[)')", persisted=True)
    )
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CurrencyRate(Base):
    """How much of `quote` one unit of `base` is worth on a day. A platform table."""

    __tablename__ = "currency_rate"
    __table_args__ = (
        CheckConstraint("(length(source) >= 1) AND (length(source) <= 100)", name="currency_rate_source_check"),
        CheckConstraint("base <> quote", name="currency_rate_check"),
        CheckConstraint("base ~ '^[A-Z]{3}$'", name="currency_rate_base_check"),
        CheckConstraint("quote ~ '^[A-Z]{3}$'", name="currency_rate_quote_check"),
        CheckConstraint("rate > (0)", name="currency_rate_rate_check"),
        Index("currency_rate_base_quote_rated_on_idx", "base", "quote", "rated_on"),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[str] = mapped_column(primary_key=True)
    quote: Mapped[str] = mapped_column(primary_key=True)
    rated_on: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 10))
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
