"""Tables of the room `subscriptions`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import PAYMENT_METHOD, Id, StoreId


class Subscription(Base):
    """A variant billed and sent again and again."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "provider_config_id"],
            ["payment_provider_config.store_id", "payment_provider_config.id"],
            ondelete="SET NULL (provider_config_id)",
        ),
        ForeignKeyConstraint(["store_id", "variant_id"], ["product_variants.store_id", "product_variants.id"]),
        CheckConstraint("(interval_count >= 1) AND (interval_count <= 366)", name="subscription_interval_count_check"),
        CheckConstraint("(status <> 'canceled') OR (next_billing_at IS NULL)", name="subscription_check2"),
        CheckConstraint("(status = 'canceled') = (canceled_at IS NOT NULL)", name="subscription_check1"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="subscription_currency_check"),
        CheckConstraint(
            "interval_unit = ANY (ARRAY['day', 'week', 'month', 'year'])", name="subscription_interval_unit_check"
        ),
        CheckConstraint("period_ends_at > period_started_at", name="subscription_check"),
        CheckConstraint("quantity > 0", name="subscription_quantity_check"),
        CheckConstraint(
            "status = ANY (ARRAY['trialing', 'active', 'past_due', 'paused', 'canceled'])",
            name="subscription_status_check",
        ),
        CheckConstraint("unit_price_amount >= 0", name="subscription_unit_price_amount_check"),
        Index("subscription_store_id_customer_id_idx", "store_id", "customer_id"),
        Index(
            "subscription_store_id_next_billing_at_idx",
            "store_id",
            "next_billing_at",
            postgresql_where=text("next_billing_at IS NOT NULL"),
        ),
        Index("subscription_store_id_provider_config_id_idx", "store_id", "provider_config_id"),
        Index("subscription_store_id_variant_id_idx", "store_id", "variant_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    customer_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    quantity: Mapped[int] = mapped_column(server_default=text("1"))
    unit_price_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    interval_unit: Mapped[str]
    interval_count: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    anchored_at: Mapped[datetime]
    period_started_at: Mapped[datetime]
    period_ends_at: Mapped[datetime]
    next_billing_at: Mapped[datetime | None]
    is_ending: Mapped[bool] = mapped_column(server_default=text("false"))
    canceled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    provider_config_id: Mapped[UUID | None]
    shipping_address: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    shipping_method: Mapped[str | None]
    # What the provider calls the card that is charged each time.
    payment_token: Mapped[str | None]
    payment_method: Mapped[str] = mapped_column(
        PAYMENT_METHOD, server_default=text("'CASH_ON_DELIVERY'::payment_method"))


class SubscriptionCycle(Base):
    """One period of a subscription: billed once, or not yet."""

    __tablename__ = "subscription_cycle"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint(
            "store_id",
            "subscription_id",
            "period_started_at",
            name="subscription_cycle_store_id_subscription_id_period_started__key",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="SET NULL (order_id)"
        ),
        ForeignKeyConstraint(
            ["store_id", "subscription_id"], ["subscription.store_id", "subscription.id"], ondelete="CASCADE"
        ),
        CheckConstraint("(status = 'billed') = (billed_at IS NOT NULL)", name="subscription_cycle_check1"),
        CheckConstraint("attempt_count >= 0", name="subscription_cycle_attempt_count_check"),
        CheckConstraint("period_ends_at > period_started_at", name="subscription_cycle_check"),
        CheckConstraint(
            "status = ANY (ARRAY['due', 'billed', 'failed', 'skipped'])", name="subscription_cycle_status_check"
        ),
        Index("subscription_cycle_due_idx", "store_id", "next_attempt_at", postgresql_where=text("status = 'due'")),
        Index("subscription_cycle_store_id_order_id_idx", "store_id", "order_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    period_started_at: Mapped[datetime]
    period_ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=text("'due'"))
    order_id: Mapped[UUID | None]
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    billed_at: Mapped[datetime | None]
