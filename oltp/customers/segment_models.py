"""Tables of the room `customers`: segments and custom fields."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class CustomerSegment(Base):
    """Customers grouped by hand or by a rule."""

    __tablename__ = "customer_segment"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(kind = 'rule') = (rule IS NOT NULL)", name="customer_segment_check"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="customer_segment_name_check"),
        CheckConstraint("kind = ANY (ARRAY['manual', 'rule'])", name="customer_segment_kind_check"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="customer_segment_slug_check"),
        Index(
            "customer_segment_live_slug_key",
            "store_id",
            "slug",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default=text("'manual'"))
    # None is NULL, not JSON's null.
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class CustomerSegmentMember(Base):
    """One spell of a customer in a segment; the open one has no end."""

    __tablename__ = "customer_segment_member"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "segment_id", "customer_id", "during", name="customer_segment_member_no_overlap"),
        ForeignKeyConstraint(["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "segment_id"], ["customer_segment.store_id", "customer_segment.id"], ondelete="CASCADE"
        ),
        CheckConstraint("left_at > joined_at", name="customer_segment_member_check"),
        Index("customer_segment_member_store_id_customer_id_idx", "store_id", "customer_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    segment_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    joined_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    left_at: Mapped[datetime | None]
    during: Mapped[Range[datetime] | None] = mapped_column(
        TSTZRANGE, Computed("tstzrange(joined_at, left_at, '[)')", persisted=True)
    )


class CustomerCustomField(Base):
    """A typed field that a store keeps about its customers."""

    __tablename__ = "customer_custom_field"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "id", "kind"),
        CheckConstraint(
            "(kind = 'choice') = ((choices IS NOT NULL) AND (cardinality(choices) > 0))",
            name="customer_custom_field_check",
        ),
        CheckConstraint("(length(label) >= 1) AND (length(label) <= 200)", name="customer_custom_field_label_check"),
        CheckConstraint("key ~ '^[a-z][a-z0-9_]{0,62}$'", name="customer_custom_field_key_check"),
        CheckConstraint(
            "kind = ANY (ARRAY['text', 'number', 'boolean', 'date', 'choice'])", name="customer_custom_field_kind_check"
        ),
        Index(
            "customer_custom_field_live_key_key",
            "store_id",
            "key",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    key: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    choices: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    is_required: Mapped[bool] = mapped_column(server_default=text("false"))
    position: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class CustomerCustomValue(Base):
    """A customer's value of a custom field; `kind` says which column holds it."""

    __tablename__ = "customer_custom_value"
    __table_args__ = (
        UniqueConstraint("store_id", "customer_id", "field_id"),
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "field_id", "kind"],
            ["customer_custom_field.store_id", "customer_custom_field.id", "customer_custom_field.kind"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "( CASE kind WHEN 'number' THEN (number_value) WHEN 'boolean' THEN (boolean_value) WHEN "
            "'date' THEN (date_value) ELSE text_value END IS NOT NULL)",
            name="customer_custom_value_check1",
        ),
        CheckConstraint(
            "num_nonnulls(text_value, number_value, boolean_value, date_value) = 1", name="customer_custom_value_check"
        ),
        Index("customer_custom_value_store_id_field_id_idx", "store_id", "field_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    field_id: Mapped[UUID]
    kind: Mapped[str]
    text_value: Mapped[str | None]
    number_value: Mapped[Decimal | None] = mapped_column(Numeric)
    boolean_value: Mapped[bool | None]
    date_value: Mapped[date | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
