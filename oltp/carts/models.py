"""Tables of the room `carts`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class Cart(Base):
    """What a customer or visitor means to buy."""

    __tablename__ = "cart"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="SET NULL (customer_id)"
        ),
        CheckConstraint("(length(visitor_id) >= 1) AND (length(visitor_id) <= 200)", name="cart_visitor_id_check"),
        CheckConstraint("cardinality(codes) <= 10", name="cart_codes_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="cart_currency_check"),
        CheckConstraint("status = ANY (ARRAY['open', 'ordered', 'abandoned'])", name="cart_status_check"),
        Index("cart_open_idx", "store_id", "updated_at", postgresql_where=text("status = 'open'")),
        Index("cart_store_id_customer_id_idx", "store_id", "customer_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    customer_id: Mapped[UUID | None]
    visitor_id: Mapped[str | None]
    email: Mapped[str | None]
    currency: Mapped[str]
    locale: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    shipping_method: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CartItem(Base):
    """A variant or bundle in a cart, and how many."""

    __tablename__ = "cart_item"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "bundle_id"], ["product_bundle.store_id", "product_bundle.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["store_id", "cart_id"], ["cart.store_id", "cart.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "variant_id"], ["product_variants.store_id", "product_variants.id"], ondelete="CASCADE"
        ),
        CheckConstraint("(quantity >= 1) AND (quantity <= 100000)", name="cart_item_quantity_check"),
        CheckConstraint("num_nonnulls(variant_id, bundle_id) = 1", name="cart_item_check"),
        Index("cart_item_store_id_bundle_id_idx", "store_id", "bundle_id"),
        Index("cart_item_store_id_cart_id_idx", "store_id", "cart_id", "id"),
        Index("cart_item_store_id_variant_id_idx", "store_id", "variant_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    cart_id: Mapped[UUID]
    variant_id: Mapped[UUID | None]
    bundle_id: Mapped[UUID | None]
    quantity: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Quote(Base):
    """What a cart or a list of lines costs until `expires_at`, with the trace that explains it."""

    __tablename__ = "quote"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "cart_id"], ["cart.store_id", "cart.id"], ondelete="SET NULL (cart_id)"),
        CheckConstraint(
            "(((subtotal_amount - discount_amount) + shipping_amount) + tax_amount) = total_amount", name="quote_check1"
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="quote_currency_check"),
        CheckConstraint("discount_amount >= 0", name="quote_discount_amount_check"),
        CheckConstraint("expires_at > priced_at", name="quote_check"),
        CheckConstraint("shipping_amount >= 0", name="quote_shipping_amount_check"),
        CheckConstraint("subtotal_amount >= 0", name="quote_subtotal_amount_check"),
        CheckConstraint("tax_amount >= 0", name="quote_tax_amount_check"),
        CheckConstraint("total_amount >= 0", name="quote_total_amount_check"),
        Index("quote_store_id_cart_id_idx", "store_id", "cart_id"),
        Index("quote_store_id_expires_at_idx", "store_id", "expires_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    cart_id: Mapped[UUID | None]
    currency: Mapped[str]
    subtotal_amount: Mapped[int] = mapped_column(BigInteger)
    discount_amount: Mapped[int] = mapped_column(BigInteger)
    shipping_amount: Mapped[int] = mapped_column(BigInteger)
    tax_amount: Mapped[int] = mapped_column(BigInteger)
    total_amount: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB)
    priced_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
