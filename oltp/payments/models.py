"""Tables of the room `payments`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import PAYMENT_GATEWAY, PAYMENT_METHOD, Id, RowVersion, StoreId


class Refund(Base):
    """Money given back on an order."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "payment_attempt_id", "currency"],
            [
                "payment_attempt.store_id",
                "payment_attempt.order_id",
                "payment_attempt.id",
                "payment_attempt.currency",
            ],
            name="refund_payment_attempt_fkey",
        ),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("(status = 'processed') = (processed_at IS NOT NULL)", name="refund_check"),
        CheckConstraint("amount >= 0", name="refund_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="refund_currency_check"),
        CheckConstraint("status = ANY (ARRAY['pending', 'processed', 'failed'])", name="refund_status_check"),
        CheckConstraint("wanted_amount > amount", name="refund_wanted_amount_check"),
        Index("refund_listing_idx", "store_id", text("created_at DESC"), text("id DESC")),
        Index("refund_row_version_idx", "row_version"),
        Index("refund_store_id_order_id_idx", "store_id", "order_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason: Mapped[str | None]
    external_ref: Mapped[str | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    processed_at: Mapped[datetime | None]
    row_version: Mapped[RowVersion]
    payment_attempt_id: Mapped[UUID | None]
    # What was asked for where less was left of the money; NULL where all of it is refunded.
    wanted_amount: Mapped[int | None] = mapped_column(BigInteger)
    # Order item → units that go back on the shelf as soon as the refund is processed.
    restock: Mapped[dict[str, int] | None] = mapped_column(JSONB)


class RefundItem(Base):
    """What a refund is for: units of a line, shipping, tax, or a plain amount."""

    __tablename__ = "refund_item"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "order_item_id"],
            ["order_items.store_id", "order_items.order_id", "order_items.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id", "refund_id"],
            ["refund.store_id", "refund.order_id", "refund.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("amount >= 0", name="refund_item_amount_check"),
        CheckConstraint("(kind = 'item') = (quantity IS NOT NULL)", name="refund_item_check"),
        CheckConstraint("(kind <> 'item') OR (order_item_id IS NOT NULL)", name="refund_item_check1"),
        CheckConstraint("kind = ANY (ARRAY['item', 'shipping', 'tax', 'amount'])", name="refund_item_kind_check"),
        CheckConstraint("quantity > 0", name="refund_item_quantity_check"),
        Index("refund_item_row_version_idx", "row_version"),
        Index("refund_item_store_id_order_id_order_item_id_idx", "store_id", "order_id", "order_item_id"),
        Index("refund_item_store_id_refund_id_idx", "store_id", "refund_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    refund_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_item_id: Mapped[UUID | None]
    kind: Mapped[str]
    quantity: Mapped[int | None]
    amount: Mapped[int] = mapped_column(BigInteger)
    row_version: Mapped[RowVersion]


class PaymentProviderConfig(Base):
    """A store's account with a gateway; credentials are encrypted and never returned."""

    __tablename__ = "payment_provider_config"
    __table_args__ = (
        UniqueConstraint("callback_key"),
        UniqueConstraint("store_id", "id"),
        CheckConstraint(
            "(length(callback_key) >= 16) AND (length(callback_key) <= 200)",
            name="payment_provider_config_callback_key_check",
        ),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="payment_provider_config_name_check"),
        Index(
            "payment_provider_config_live_name_key",
            "store_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    gateway: Mapped[str] = mapped_column(PAYMENT_GATEWAY)
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_test: Mapped[bool] = mapped_column(server_default=text("false"))
    credentials_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    callback_key: Mapped[str] = mapped_column(server_default=text("replace((gen_random_uuid()), '-', '')"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class PaymentAttempt(Base):
    """One try to collect money for an order, with its balances."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "id", "currency"),
        ForeignKeyConstraint(
            ["store_id", "order_id", "currency"],
            ["orders.store_id", "orders.id", "orders.currency"],
            ondelete="CASCADE",
            name="payment_attempt_order_currency_fkey",
        ),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "provider_config_id"],
            ["payment_provider_config.store_id", "payment_provider_config.id"],
            ondelete="SET NULL (provider_config_id)",
        ),
        CheckConstraint("(authorized_amount >= 0) AND (authorized_amount <= amount)", name="payment_attempt_check"),
        CheckConstraint(
            "(captured_amount >= 0) AND (captured_amount <= authorized_amount)", name="payment_attempt_check1"
        ),
        CheckConstraint(
            "(charged_back_amount >= 0) AND (charged_back_amount <= captured_amount)", name="payment_attempt_check2"
        ),
        CheckConstraint(
            "(refunded_amount >= 0) AND (refunded_amount <= (captured_amount - charged_back_amount))",
            name="payment_attempt_check3",
        ),
        CheckConstraint("amount >= 0", name="payment_attempt_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="payment_attempt_currency_check"),
        CheckConstraint(
            "status = ANY (ARRAY['created', 'authorized', 'captured', 'voided', 'failed', 'unknown'])",
            name="payment_attempt_status_check",
        ),
        Index(
            "payment_attempt_external_ref_key",
            "store_id",
            "gateway",
            "external_ref",
            unique=True,
            postgresql_where=text("external_ref IS NOT NULL"),
        ),
        Index("payment_attempt_listing_idx", "store_id", text("created_at DESC"), text("id DESC")),
        Index("payment_attempt_store_id_order_id_status_idx", "store_id", "order_id", "status"),
        Index("payment_attempt_store_id_provider_config_id_idx", "store_id", "provider_config_id"),
        Index("payment_attempt_store_id_status_updated_at_idx", "store_id", "status", "updated_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    provider_config_id: Mapped[UUID | None]
    gateway: Mapped[str] = mapped_column(PAYMENT_GATEWAY)
    status: Mapped[str] = mapped_column(server_default=text("'created'"))
    currency: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    authorized_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    captured_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunded_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    charged_back_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    external_ref: Mapped[str | None]
    failure_code: Mapped[str | None]
    failure_reason: Mapped[str | None]
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    method: Mapped[str | None] = mapped_column(PAYMENT_METHOD)


class GatewayEvent(Base):
    """What a gateway told us, once per event, refused ones kept too."""

    __tablename__ = "gateway_event"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "payment_attempt_id"],
            ["payment_attempt.store_id", "payment_attempt.id"],
            ondelete="SET NULL (payment_attempt_id)",
        ),
        ForeignKeyConstraint(
            ["store_id", "provider_config_id"],
            ["payment_provider_config.store_id", "payment_provider_config.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("is_verified = (refusal IS NULL)", name="gateway_event_check"),
        CheckConstraint("is_verified OR (applied_at IS NULL)", name="gateway_event_check1"),
        Index(
            "gateway_event_external_ref_key",
            "store_id",
            "provider_config_id",
            "external_ref",
            unique=True,
            postgresql_where=text("is_verified"),
        ),
        Index("gateway_event_store_id_payment_attempt_id_idx", "store_id", "payment_attempt_id"),
        Index("gateway_event_store_id_received_at_idx", "store_id", "received_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    provider_config_id: Mapped[UUID]
    payment_attempt_id: Mapped[UUID | None]
    external_ref: Mapped[str]
    name: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_verified: Mapped[bool]
    refusal: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    applied_at: Mapped[datetime | None]


class PaymentEntry(Base):
    """What a gateway said of an attempt, once; balances are the sum of these."""

    __tablename__ = "payment_entry"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "payment_attempt_id", "kind", "external_ref"),
        ForeignKeyConstraint(
            ["store_id", "gateway_event_id"],
            ["gateway_event.store_id", "gateway_event.id"],
            ondelete="SET NULL (gateway_event_id)",
        ),
        ForeignKeyConstraint(
            ["store_id", "payment_attempt_id"], ["payment_attempt.store_id", "payment_attempt.id"], ondelete="CASCADE"
        ),
        CheckConstraint(
            "(length(external_ref) >= 1) AND (length(external_ref) <= 255)", name="payment_entry_external_ref_check"
        ),
        CheckConstraint("amount >= 0", name="payment_entry_amount_check"),
        CheckConstraint(
            "kind = ANY (ARRAY['authorized', 'captured', 'voided', 'failed', 'refunded', "
            "'charged_back', 'charge_back_reversed', 'unknown', 'resolved'])",
            name="payment_entry_kind_check",
        ),
        Index("payment_entry_store_id_gateway_event_id_idx", "store_id", "gateway_event_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    payment_attempt_id: Mapped[UUID]
    kind: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    external_ref: Mapped[str]
    gateway_event_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    correlation_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
