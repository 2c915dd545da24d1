"""Tables of the room `customers`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import LEGACY_INSTANT, Id, RowVersion, StoreId


class Customer(Base):
    """A known customer of one store."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="customers_currency_check"),
        Index(
            "customers_listing_idx",
            "store_id",
            text("created_at DESC"),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("customers_email_idx", "store_id", "email"),
        Index(
            "customers_live_email_key", "store_id", "email", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
        Index(
            "customers_live_user_id_key",
            "store_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE", onupdate="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL", onupdate="CASCADE"))
    email: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    phone: Mapped[str | None]
    accepts_marketing: Mapped[bool] = mapped_column(server_default=text("false"))
    marketing_opt_in_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    total_orders: Mapped[int] = mapped_column(server_default=text("0"))
    last_order_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    created_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(LEGACY_INSTANT, server_default=text("now()"))
    deleted_at: Mapped[datetime | None] = mapped_column(LEGACY_INSTANT)
    currency: Mapped[str]
    total_spent_amount: Mapped[int] = mapped_column(BigInteger)
    average_order_amount: Mapped[int] = mapped_column(BigInteger)


class Subject(Base):
    """A person without a name, as the lake knows them: a customer, guest contact, visitor, or order without contact."""

    __tablename__ = "subject"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "surrogate"),
        ForeignKeyConstraint(["store_id", "customer_id"], ["customers.store_id", "customers.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "linked_subject_id"],
            ["subject.store_id", "subject.id"],
            ondelete="SET NULL (linked_subject_id)",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id"],
            ["orders.store_id", "orders.id"],
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
            # orders and subject point at each other; without this no order of tables exists
            use_alter=True,
            name="subject_store_id_order_id_fkey",
        ),
        CheckConstraint("num_nonnulls(customer_id, contact_hash, visitor_id, order_id) = 1", name="subject_check"),
        CheckConstraint(
            "CASE kind WHEN 'customer' THEN (customer_id)::text WHEN 'guest' THEN contact_hash "
            "WHEN 'visitor' THEN visitor_id ELSE (order_id)::text END IS NOT NULL",
            name="subject_check1",
        ),
        CheckConstraint(
            "((linked_subject_id IS NULL) = (linked_at IS NULL)) AND (linked_subject_id <> id)",
            name="subject_check2",
        ),
        CheckConstraint("kind = ANY (ARRAY['customer', 'guest', 'visitor', 'order'])", name="subject_kind_check"),
        CheckConstraint("(length(visitor_id) >= 1) AND (length(visitor_id) <= 200)", name="subject_visitor_id_check"),
        Index(
            "subject_contact_key",
            "store_id",
            "contact_hash",
            unique=True,
            postgresql_where=text("contact_hash IS NOT NULL"),
        ),
        Index(
            "subject_customer_key",
            "store_id",
            "customer_id",
            unique=True,
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "subject_order_key",
            "store_id",
            "order_id",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index("subject_row_version_idx", "row_version"),
        Index("subject_store_id_linked_subject_id_idx", "store_id", "linked_subject_id"),
        Index(
            "subject_visitor_key",
            "store_id",
            "visitor_id",
            unique=True,
            postgresql_where=text("visitor_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    surrogate: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    kind: Mapped[str]
    customer_id: Mapped[UUID | None]
    contact_hash: Mapped[str | None]
    visitor_id: Mapped[str | None]
    order_id: Mapped[UUID | None]
    linked_subject_id: Mapped[UUID | None]
    linked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    row_version: Mapped[RowVersion]
