"""Tables of the room `shipping`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8RANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class ShippingProfile(Base):
    """Products that ship alike."""

    __tablename__ = "shipping_profile"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="shipping_profile_name_check"),
        Index(
            "shipping_profile_live_name_key",
            "store_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "shipping_profile_one_default_key",
            "store_id",
            unique=True,
            postgresql_where=text("is_default AND (deleted_at IS NULL)"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class ShippingRate(Base):
    """A price for a zone and a half-open band of weight (grams), price (minor units) or quantity."""

    __tablename__ = "shipping_rate"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint(
            "store_id",
            "profile_id",
            "name",
            "country",
            "region",
            "basis",
            "currency",
            "band",
            name="shipping_rate_no_overlap",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["store_id", "profile_id"], ["shipping_profile.store_id", "shipping_profile.id"], ondelete="CASCADE"
        ),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="shipping_rate_name_check"),
        CheckConstraint("(region IS NULL) OR (country IS NOT NULL)", name="shipping_rate_check2"),
        CheckConstraint("amount >= 0", name="shipping_rate_amount_check"),
        CheckConstraint("band_from >= 0", name="shipping_rate_band_from_check"),
        CheckConstraint("band_to > band_from", name="shipping_rate_check"),
        CheckConstraint("basis = ANY (ARRAY['weight', 'price', 'quantity'])", name="shipping_rate_basis_check"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="shipping_rate_country_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="shipping_rate_currency_check"),
        CheckConstraint("least_days >= 0", name="shipping_rate_least_days_check"),
        CheckConstraint("most_days >= least_days", name="shipping_rate_check1"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    profile_id: Mapped[UUID]
    name: Mapped[str]
    country: Mapped[str | None]
    region: Mapped[str | None]
    basis: Mapped[str] = mapped_column(server_default=text("'price'"))
    band_from: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    band_to: Mapped[int | None] = mapped_column(BigInteger)
    band: Mapped[Range[int] | None] = mapped_column(
        INT8RANGE, Computed("int8range(band_from, band_to, '[)')", persisted=True)
    )
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    least_days: Mapped[int | None] = mapped_column(SmallInteger)
    most_days: Mapped[int | None] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Fulfillment(Base):
    """A part of an order on its way to the customer."""

    __tablename__ = "fulfillment"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id"),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint(
            "(status <> ALL (ARRAY['shipped', 'delivered'])) OR (shipped_at IS NOT NULL)", name="fulfillment_check"
        ),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="fulfillment_check1"),
        CheckConstraint(
            "status = ANY (ARRAY['pending', 'packed', 'shipped', 'delivered', 'canceled'])",
            name="fulfillment_status_check",
        ),
        Index("fulfillment_store_id_order_id_status_idx", "store_id", "order_id", "status"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    tracking_number: Mapped[str | None]
    carrier: Mapped[str | None]
    tracking_url: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class FulfillmentItem(Base):
    """How many of a line a fulfilment holds; the line keeps the running total."""

    __tablename__ = "fulfillment_item"
    __table_args__ = (
        UniqueConstraint("store_id", "fulfillment_id", "order_item_id"),
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "fulfillment_id"],
            ["fulfillment.store_id", "fulfillment.order_id", "fulfillment.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id", "order_item_id"],
            ["order_items.store_id", "order_items.order_id", "order_items.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("quantity > 0", name="fulfillment_item_quantity_check"),
        Index("fulfillment_item_store_id_order_id_order_item_id_idx", "store_id", "order_id", "order_item_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    fulfillment_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_item_id: Mapped[UUID]
    quantity: Mapped[int]


class Shipment(Base):
    """A parcel of a fulfilment: label, carrier and tracking."""

    __tablename__ = "shipment"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "fulfillment_id"], ["fulfillment.store_id", "fulfillment.id"], ondelete="CASCADE"
        ),
        CheckConstraint("(cost_amount IS NULL) = (currency IS NULL)", name="shipment_check"),
        CheckConstraint("cost_amount >= 0", name="shipment_cost_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="shipment_currency_check"),
        CheckConstraint(
            "status = ANY (ARRAY['label_created', 'in_transit', 'out_for_delivery', 'delivered', "
            "'exception', 'returned', 'canceled'])",
            name="shipment_status_check",
        ),
        CheckConstraint("weight_grams > 0", name="shipment_weight_grams_check"),
        Index(
            "shipment_external_ref_key",
            "store_id",
            "carrier",
            "external_ref",
            unique=True,
            postgresql_where=text("external_ref IS NOT NULL"),
        ),
        Index("shipment_store_id_fulfillment_id_idx", "store_id", "fulfillment_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    fulfillment_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default=text("'label_created'"))
    carrier: Mapped[str]
    service: Mapped[str | None]
    tracking_number: Mapped[str | None]
    tracking_url: Mapped[str | None]
    label_url: Mapped[str | None]
    external_ref: Mapped[str | None]
    weight_grams: Mapped[int | None]
    cost_amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ShipmentEvent(Base):
    """What a carrier told of a parcel, once per event."""

    __tablename__ = "shipment_event"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "shipment_id", "external_ref"),
        ForeignKeyConstraint(["store_id", "shipment_id"], ["shipment.store_id", "shipment.id"], ondelete="CASCADE"),
        CheckConstraint(
            "(length(external_ref) >= 1) AND (length(external_ref) <= 255)", name="shipment_event_external_ref_check"
        ),
        CheckConstraint(
            "name = ANY (ARRAY['label_created', 'in_transit', 'out_for_delivery', 'delivered', "
            "'exception', 'returned', 'canceled'])",
            name="shipment_event_name_check",
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    shipment_id: Mapped[UUID]
    name: Mapped[str]
    external_ref: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
