"""Tables of the room `promotions`."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import DISCOUNT_TYPE, Id, StoreId


class PromotionRule(Base):
    """Conditions and actions, evaluated by priority, then id."""

    __tablename__ = "promotion_rule"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("(budget_amount IS NULL) OR (currency IS NOT NULL)", name="promotion_rule_check3"),
        CheckConstraint("(length(name) >= 1) AND (length(name) <= 200)", name="promotion_rule_name_check"),
        CheckConstraint("NOT (is_exclusive AND is_stackable)", name="promotion_rule_check4"),
        CheckConstraint("budget_amount >= 0", name="promotion_rule_budget_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="promotion_rule_currency_check"),
        CheckConstraint("ends_at > starts_at", name="promotion_rule_check"),
        CheckConstraint("jsonb_typeof(actions) = ANY (ARRAY['object', 'array'])", name="promotion_rule_actions_check"),
        CheckConstraint("jsonb_typeof(conditions) = 'object'", name="promotion_rule_conditions_check"),
        CheckConstraint("per_customer_limit >= 1", name="promotion_rule_per_customer_limit_check"),
        CheckConstraint("spent_amount <= budget_amount", name="promotion_rule_check2"),
        CheckConstraint("spent_amount >= 0", name="promotion_rule_spent_amount_check"),
        CheckConstraint(
            "status = ANY (ARRAY['draft', 'active', 'paused', 'ended'])", name="promotion_rule_status_check"
        ),
        CheckConstraint("usage_limit >= 0", name="promotion_rule_usage_limit_check"),
        CheckConstraint("used_count <= usage_limit", name="promotion_rule_check1"),
        CheckConstraint("used_count >= 0", name="promotion_rule_used_count_check"),
        Index(
            "promotion_rule_store_id_status_priority_id_idx",
            "store_id",
            "status",
            "priority",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    name: Mapped[str]
    description: Mapped[str | None]
    conditions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    currency: Mapped[str | None]
    priority: Mapped[int] = mapped_column(server_default=text("100"))
    stack_group: Mapped[str | None]
    is_stackable: Mapped[bool] = mapped_column(server_default=text("true"))
    is_exclusive: Mapped[bool] = mapped_column(server_default=text("false"))
    is_last: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(server_default=text("'draft'"))
    starts_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ends_at: Mapped[datetime | None]
    usage_limit: Mapped[int | None]
    per_customer_limit: Mapped[int | None]
    used_count: Mapped[int] = mapped_column(server_default=text("0"))
    budget_amount: Mapped[int | None] = mapped_column(BigInteger)
    spent_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class DiscountCode(Base):
    """A code that a customer types: a discount of its own, or the key to a rule."""

    __tablename__ = "discount_code"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "promotion_rule_id"], ["promotion_rule.store_id", "promotion_rule.id"], ondelete="CASCADE"
        ),
        CheckConstraint(
            "((type = 'FIXED'::discount_type) IS TRUE) = (amount IS NOT NULL)", name="discount_code_check4"
        ),
        CheckConstraint(
            "((type = 'PERCENTAGE'::discount_type) IS TRUE) = (percent IS NOT NULL)", name="discount_code_check3"
        ),
        CheckConstraint(
            "(num_nonnulls(amount, min_subtotal_amount, max_discount_amount) = 0) OR (currency IS NOT NULL)",
            name="discount_code_check5",
        ),
        CheckConstraint("(percent > (0)) AND (percent <= (100))", name="discount_code_percent_check"),
        CheckConstraint("amount > 0", name="discount_code_amount_check"),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_-]{0,63}$'", name="discount_code_code_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="discount_code_currency_check"),
        CheckConstraint("ends_at > starts_at", name="discount_code_check"),
        CheckConstraint("max_discount_amount > 0", name="discount_code_max_discount_amount_check"),
        CheckConstraint("min_subtotal_amount >= 0", name="discount_code_min_subtotal_amount_check"),
        CheckConstraint("num_nonnulls(promotion_rule_id, type) = 1", name="discount_code_check2"),
        CheckConstraint("per_customer_limit >= 1", name="discount_code_per_customer_limit_check"),
        CheckConstraint("usage_limit >= 0", name="discount_code_usage_limit_check"),
        CheckConstraint("used_count <= usage_limit", name="discount_code_check1"),
        CheckConstraint("used_count >= 0", name="discount_code_used_count_check"),
        Index(
            "discount_code_live_code_key", "store_id", "code", unique=True, postgresql_where=text("deleted_at IS NULL")
        ),
        Index("discount_code_store_id_promotion_rule_id_idx", "store_id", "promotion_rule_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    code: Mapped[str]
    promotion_rule_id: Mapped[UUID | None]
    type: Mapped[str | None] = mapped_column(DISCOUNT_TYPE)
    percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    min_subtotal_amount: Mapped[int | None] = mapped_column(BigInteger)
    max_discount_amount: Mapped[int | None] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    starts_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ends_at: Mapped[datetime | None]
    usage_limit: Mapped[int | None]
    per_customer_limit: Mapped[int | None]
    used_count: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[datetime | None]


class AppliedPromotion(Base):
    """A discount as it was given to an order, frozen."""

    __tablename__ = "applied_promotion"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint("store_id", "order_id", "ordinal"),
        ForeignKeyConstraint(
            ["store_id", "discount_code_id"],
            ["discount_code.store_id", "discount_code.id"],
            ondelete="SET NULL (discount_code_id)",
        ),
        ForeignKeyConstraint(
            ["store_id", "order_id", "order_item_id"],
            ["order_items.store_id", "order_items.order_id", "order_items.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["store_id", "promotion_rule_id"],
            ["promotion_rule.store_id", "promotion_rule.id"],
            ondelete="SET NULL (promotion_rule_id)",
        ),
        CheckConstraint("(target = 'line') = (order_item_id IS NOT NULL)", name="applied_promotion_check"),
        CheckConstraint("amount >= 0", name="applied_promotion_amount_check"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="applied_promotion_currency_check"),
        CheckConstraint("gross_amount >= amount", name="applied_promotion_gross_amount_check"),
        CheckConstraint("ordinal >= 1", name="applied_promotion_ordinal_check"),
        CheckConstraint("target = ANY (ARRAY['line', 'order', 'shipping'])", name="applied_promotion_target_check"),
        Index("applied_promotion_store_id_discount_code_id_idx", "store_id", "discount_code_id"),
        Index("applied_promotion_store_id_order_id_order_item_id_idx", "store_id", "order_id", "order_item_id"),
        Index("applied_promotion_store_id_promotion_rule_id_idx", "store_id", "promotion_rule_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    order_id: Mapped[UUID]
    ordinal: Mapped[int]
    promotion_rule_id: Mapped[UUID | None]
    discount_code_id: Mapped[UUID | None]
    order_item_id: Mapped[UUID | None]
    target: Mapped[str]
    code: Mapped[str | None]
    name: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    applied_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    released_at: Mapped[datetime | None]
    gross_amount: Mapped[int | None] = mapped_column(BigInteger)


class PromotionUsage(Base):
    """How often a person has used a rule or a code."""

    __tablename__ = "promotion_usage"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        UniqueConstraint(
            "store_id",
            "subject_id",
            "promotion_rule_id",
            "discount_code_id",
            name="promotion_usage_store_id_subject_id_promotion_rule_id_disco_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["store_id", "discount_code_id"], ["discount_code.store_id", "discount_code.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["store_id", "promotion_rule_id"], ["promotion_rule.store_id", "promotion_rule.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["store_id", "subject_id"], ["subject.store_id", "subject.id"], ondelete="CASCADE"),
        CheckConstraint("(used_count >= 0) AND (used_count <= usage_limit)", name="promotion_usage_check1"),
        CheckConstraint("num_nonnulls(promotion_rule_id, discount_code_id) = 1", name="promotion_usage_check"),
        CheckConstraint("usage_limit >= 0", name="promotion_usage_usage_limit_check"),
        CheckConstraint("used_count >= 0", name="promotion_usage_used_count_check"),
        Index("promotion_usage_store_id_discount_code_id_idx", "store_id", "discount_code_id"),
        Index("promotion_usage_store_id_promotion_rule_id_idx", "store_id", "promotion_rule_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    promotion_rule_id: Mapped[UUID | None]
    discount_code_id: Mapped[UUID | None]
    used_count: Mapped[int] = mapped_column(server_default=text("0"))
    usage_limit: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
