"""Tables of the room `webhooks`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class WebhookSubscription(Base):
    """An address that wants to hear of some domain events."""

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(disabled_at IS NULL) OR (NOT is_active)", name="webhook_subscription_check"),
        CheckConstraint(
            "(url ~ '^https://[^[:space:]]+$') AND (length(url) <= 2000)", name="webhook_subscription_url_check"
        ),
        CheckConstraint("cardinality(events) > 0", name="webhook_subscription_events_check"),
        CheckConstraint("failure_count >= 0", name="webhook_subscription_failure_count_check"),
        Index(
            "webhook_subscription_store_id_created_at_idx",
            "store_id",
            "created_at",
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    url: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    failure_count: Mapped[int] = mapped_column(server_default=text("0"))
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One domain event on its way to one subscription."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "subscription_id", "domain_event_id"),
        ForeignKeyConstraint(
            ["store_id", "domain_event_id"], ["domain_event.store_id", "domain_event.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["store_id", "subscription_id"],
            ["webhook_subscription.store_id", "webhook_subscription.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "(response_status >= 100) AND (response_status <= 599)", name="webhook_delivery_response_status_check"
        ),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="webhook_delivery_check"),
        CheckConstraint(
            "(status = ANY (ARRAY['pending', 'failed'])) OR (next_attempt_at IS NULL)", name="webhook_delivery_check1"
        ),
        CheckConstraint("attempt_count >= 0", name="webhook_delivery_attempt_count_check"),
        CheckConstraint("duration_ms >= 0", name="webhook_delivery_duration_ms_check"),
        CheckConstraint("length(response_body) <= 1000", name="webhook_delivery_response_body_check"),
        CheckConstraint(
            "status = ANY (ARRAY['pending', 'delivered', 'failed', 'dead'])", name="webhook_delivery_status_check"
        ),
        Index(
            "webhook_delivery_next_attempt_at_idx",
            "next_attempt_at",
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index("webhook_delivery_store_id_domain_event_id_idx", "store_id", "domain_event_id"),
        Index("webhook_delivery_store_id_subscription_id_created_at_idx", "store_id", "subscription_id", "created_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    domain_event_id: Mapped[UUID]
    event_name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    response_status: Mapped[int | None] = mapped_column(SmallInteger)
    response_body: Mapped[str | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
