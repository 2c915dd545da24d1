"""Tables of the room `tenancy`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, ROLE, SUBSCRIPTION_PLAN, SUBSCRIPTION_STATUS, Id, RowVersion


class Organization(Base):
    """The legal owner of stores; above every tenant."""

    __tablename__ = "organizations"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[Id]
    name: Mapped[str]
    slug: Mapped[str]
    image: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))


class User(Base):
    """A person who can sign in."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[Id]
    name: Mapped[str | None]
    email: Mapped[str | None]
    email_verified: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    image: Mapped[str | None]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))


class Membership(Base):
    """A user's role in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE", onupdate="CASCADE"))
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE", onupdate="CASCADE")
    )
    role: Mapped[str] = mapped_column(ROLE, server_default=text("'MEMBER'"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))


class Store(Base):
    """The tenant: one shop with its currency, time zone and plan."""

    __tablename__ = "stores"
    __table_args__ = (
        UniqueConstraint("slug"),
        Index("stores_organization_id_idx", "organization_id"),
        Index("stores_row_version_idx", "row_version"),
        Index("stores_subscription_plan_idx", "subscription_plan"),
        Index("stores_subscription_status_idx", "subscription_status"),
    )

    id: Mapped[Id]
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE", onupdate="CASCADE")
    )
    name: Mapped[str]
    slug: Mapped[str]
    email: Mapped[str]
    description: Mapped[str | None]
    logo: Mapped[str | None]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str] = mapped_column(server_default=text("'US'"))
    currency: Mapped[str] = mapped_column(server_default=text("'USD'"))
    timezone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    subscription_plan: Mapped[str] = mapped_column(SUBSCRIPTION_PLAN, server_default=text("'FREE'"))
    subscription_status: Mapped[str] = mapped_column(SUBSCRIPTION_STATUS, server_default=text("'TRIAL'"))
    trial_ends_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    subscription_ends_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    product_limit: Mapped[int] = mapped_column(server_default=text("10"))
    order_limit: Mapped[int] = mapped_column(server_default=text("100"))
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    # Sealed, and read through store_audit_secret() alone.
    audit_secret: Mapped[bytes | None] = mapped_column(deferred=True)
    row_version: Mapped[RowVersion]


class StoreZoneHistory(Base):
    """The time zone a store's days are counted in from `valid_from` on; filled by trigger, never re-bucketed."""

    __tablename__ = "store_zone_history"
    __table_args__ = (Index("store_zone_history_row_version_idx", "row_version"),)

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    time_zone: Mapped[str]
    row_version: Mapped[RowVersion]


class CapabilityState(Base):
    """How far a store has moved in one capability; a missing row means the default step."""

    __tablename__ = "capability_state"
    __table_args__ = (
        CheckConstraint("capability_ordinal(capability) IS NOT NULL", name="capability_state_capability_check"),
        CheckConstraint("divergence_count >= 0", name="capability_state_divergence_count_check"),
        CheckConstraint("step_ordinal(step) IS NOT NULL", name="capability_state_step_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    capability: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(server_default=text("'off'"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    checked_at: Mapped[datetime | None]
    divergence_count: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


class FeatureFlag(Base):
    """A switch of one store."""

    __tablename__ = "feature_flag"
    __table_args__ = (CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,62}$'", name="feature_flag_name_check"),)

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    is_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SellingSettings(Base):
    """How a store sells; a missing row means the defaults."""

    __tablename__ = "selling_settings"
    __table_args__ = (
        CheckConstraint(
            "(length(rate_source) >= 1) AND (length(rate_source) <= 100)", name="selling_settings_rate_source_check"
        ),
        CheckConstraint(
            "(quote_minutes >= 1) AND (quote_minutes <= 1440)", name="selling_settings_quote_minutes_check"
        ),
        CheckConstraint(
            "(reservation_minutes >= 1) AND (reservation_minutes <= 1440)",
            name="selling_settings_reservation_minutes_check",
        ),
        CheckConstraint(
            "(unpaid_minutes >= 1) AND (unpaid_minutes <= 43200)", name="selling_settings_unpaid_minutes_check"
        ),
        CheckConstraint(
            "order_number_prefix ~ '^[A-Za-z0-9_-]{0,16}$'", name="selling_settings_order_number_prefix_check"
        ),
        CheckConstraint(
            "promotion_mode = ANY (ARRAY['stack', 'best_deal'])", name="selling_settings_promotion_mode_check"
        ),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    prices_include_tax: Mapped[bool] = mapped_column(server_default=text("false"))
    promotion_mode: Mapped[str] = mapped_column(server_default=text("'stack'"))
    converts_currencies: Mapped[bool] = mapped_column(server_default=text("false"))
    rate_source: Mapped[str] = mapped_column(server_default=text("'ecb'"))
    quote_minutes: Mapped[int] = mapped_column(server_default=text("15"))
    reservation_minutes: Mapped[int] = mapped_column(server_default=text("15"))
    unpaid_minutes: Mapped[int] = mapped_column(server_default=text("60"))
    order_number_prefix: Mapped[str] = mapped_column(server_default=text("'ORD-'"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StoreCounter(Base):
    """A store's running numbers: its orders, all told and of the month."""

    __tablename__ = "store_counter"
    __table_args__ = (
        CheckConstraint("last_order_number >= 0", name="store_counter_last_order_number_check"),
        CheckConstraint("month_order_count >= 0", name="store_counter_month_order_count_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    last_order_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    month_on: Mapped[date] = mapped_column(server_default=text("'1970-01-01'::date"))
    month_order_count: Mapped[int] = mapped_column(server_default=text("0"))
    orders_warned_on: Mapped[date | None]
    products_warned_at: Mapped[datetime | None]
