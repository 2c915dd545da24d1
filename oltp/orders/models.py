"""Tables of the room `orders`."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, ORDER_STATUS, PAYMENT_GATEWAY, PAYMENT_METHOD, PAYMENT_STATUS, Id, RowVersion


class Order(Base):
    """An order; `placed_at` decides its day, `origin` who made it."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "id", "currency"),
        UniqueConstraint("store_id", "order_number"),
        ForeignKeyConstraint(
            ["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="SET NULL (customer_id)"
        ),
        ForeignKeyConstraint(["store_id", "quote_id"], ["quote.store_id", "quote.id"], ondelete="SET NULL (quote_id)"),
        ForeignKeyConstraint(
            ["store_id", "subject_id"], ["subject.store_id", "subject.id"], ondelete="SET NULL (subject_id)"
        ),
        CheckConstraint(
            "(shipping_discount_amount >= 0) AND (shipping_tax_amount >= 0)", name="orders_shipping_parts_check"
        ),
        CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name="orders_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="orders_currency_check"),
        CheckConstraint("reporting_factor >= 0", name="orders_reporting_factor_check"),
        CheckConstraint("origin = ANY (ARRAY['storefront', 'import', 'opening'])", name="orders_origin_check"),
        Index("orders_customer_listing_idx", "store_id", "customer_id", text("created_at DESC"), "id"),
        Index(
            "orders_external_ref_key",
            "store_id",
            "external_ref",
            unique=True,
            postgresql_where=text("external_ref IS NOT NULL"),
        ),
        Index("orders_listing_idx", "store_id", text("created_at DESC"), "id"),
        Index("orders_quote_key", "store_id", "quote_id", unique=True, postgresql_where=text("quote_id IS NOT NULL")),
        Index("orders_row_version_idx", "row_version"),
        Index(
            "orders_open_listing_idx",
            "store_id",
            text("created_at DESC"),
            "id",
            postgresql_where=text(
                "(deleted_at IS NULL) AND (status = ANY (ARRAY['PENDING'::order_status, "
                "'PAYMENT_FAILED'::order_status, 'PAID'::order_status, 'PROCESSING'::order_status]))"
            ),
        ),
        Index("orders_store_id_created_at_idx", "store_id", "created_at"),
        Index("orders_store_id_placed_at_idx", "store_id", "placed_at"),
        Index(
            "orders_ip_address_idx",
            "store_id",
            "ip_address",
            "placed_at",
            postgresql_where=text("ip_address IS NOT NULL"),
        ),
        Index("orders_person_idx", "store_id", "subject_id", "placed_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    customer_id: Mapped[UUID | None]
    order_number: Mapped[str]
    status: Mapped[str] = mapped_column(ORDER_STATUS, server_default=text("'PENDING'::order_status"))
    discount_code: Mapped[str | None]
    payment_method: Mapped[str | None] = mapped_column(PAYMENT_METHOD)
    payment_gateway: Mapped[str | None] = mapped_column(PAYMENT_GATEWAY)
    payment_status: Mapped[str] = mapped_column(PAYMENT_STATUS, server_default=text("'PENDING'::payment_status"))
    shipping_method: Mapped[str | None]
    tracking_number: Mapped[str | None]
    tracking_url: Mapped[str | None]
    shipping_address: Mapped[str | None]
    billing_address: Mapped[str | None]
    fulfilled_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    canceled_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    cancel_reason: Mapped[str | None]
    customer_note: Mapped[str | None]
    admin_note: Mapped[str | None]
    ip_address: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    currency: Mapped[str]
    order_subtotal_amount: Mapped[int] = mapped_column(BigInteger)
    order_discount_amount: Mapped[int] = mapped_column(BigInteger)
    order_shipping_amount: Mapped[int] = mapped_column(BigInteger)
    order_tax_amount: Mapped[int] = mapped_column(BigInteger)
    order_total_amount: Mapped[int] = mapped_column(BigInteger)
    row_version: Mapped[RowVersion]
    origin: Mapped[str] = mapped_column(server_default=text("'storefront'"))
    is_test: Mapped[bool] = mapped_column(server_default=text("false"))
    placed_at: Mapped[datetime]
    subject_id: Mapped[UUID | None]
    external_ref: Mapped[str | None]
    held_at: Mapped[datetime | None]
    hold_reason: Mapped[str | None]
    quote_id: Mapped[UUID | None]
    prices_include_tax: Mapped[bool] = mapped_column(server_default=text("false"))
    shipping_discount_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    shipping_tax_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    correlation_id: Mapped[UUID | None]
    # Minor units of the store's currency for one of the order's; NULL where they are one currency.
    reporting_factor: Mapped[Decimal | None] = mapped_column(Numeric(20, 12))


class OrderItem(Base):
    """One line of an order, frozen at order time. `line_total = line_subtotal - line_discount + line_tax`."""

    __tablename__ = "order_items"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id"),
        UniqueConstraint("store_id", "order_id", "ordinal"),
        ForeignKeyConstraint(
            ["store_id", "bundle_id"],
            ["product_bundle.store_id", "product_bundle.id"],
            ondelete="SET NULL (bundle_id)",
        ),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="SET NULL (product_id)"
        ),
        ForeignKeyConstraint(
            ["store_id", "variant_id"],
            ["product_variants.store_id", "product_variants.id"],
            ondelete="SET NULL (variant_id)",
        ),
        CheckConstraint(
            "(cancelled_quantity >= 0) AND (cancelled_quantity <= GREATEST(quantity, 0))",
            name="order_items_cancelled_check",
        ),
        CheckConstraint(
            "(fulfilled_quantity >= 0) AND (fulfilled_quantity <= (GREATEST(quantity, 0) - cancelled_quantity))",
            name="order_items_fulfilled_check",
        ),
        CheckConstraint(
            "(refunded_quantity >= 0) AND (refunded_quantity <= GREATEST(quantity, 0))", name="order_items_check"
        ),
        CheckConstraint(
            "(returned_quantity >= 0) AND (returned_quantity <= fulfilled_quantity)", name="order_items_returned_check"
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="order_items_currency_check"),
        CheckConstraint(
            "((uncollected_quantity >= 0) AND (uncollected_quantity <= cancelled_quantity)) AND "
            "((uncollected_quantity + refunded_quantity) <= GREATEST(quantity, 0))",
            name="order_items_uncollected_check",
        ),
        Index("order_items_row_version_idx", "row_version"),
        Index(
            "order_items_store_id_bundle_id_idx",
            "store_id",
            "bundle_id",
            postgresql_where=text("bundle_id IS NOT NULL"),
        ),
        Index("order_items_store_id_product_id_idx", "store_id", "product_id"),
        Index("order_items_store_id_variant_id_idx", "store_id", "variant_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[UUID]
    product_id: Mapped[UUID | None]
    variant_id: Mapped[UUID | None]
    product_name: Mapped[str]
    variant_name: Mapped[str | None]
    sku: Mapped[str]
    image: Mapped[str | None]
    quantity: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    store_id: Mapped[UUID]
    currency: Mapped[str]
    unit_price_amount: Mapped[int] = mapped_column(BigInteger)
    line_subtotal_amount: Mapped[int] = mapped_column(BigInteger)
    line_discount_amount: Mapped[int] = mapped_column(BigInteger)
    line_tax_amount: Mapped[int] = mapped_column(BigInteger)
    line_total_amount: Mapped[int] = mapped_column(BigInteger)
    ordinal: Mapped[int]
    row_version: Mapped[RowVersion]
    refunded_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    fulfilled_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    returned_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    bundle_id: Mapped[UUID | None]
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    uncollected_quantity: Mapped[int] = mapped_column(server_default=text("0"))
