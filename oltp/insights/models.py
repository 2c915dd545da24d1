"""Tables of the room `insights`."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base


class DailyStoreMetrics(Base):
    """Grain: store and store-day. Both sales views; ratios are left to the reader."""

    __tablename__ = "daily_store_metrics"
    __table_args__ = (
        CheckConstraint(
            "net_sales_amount = ((gross_sales_amount - discounts_amount) - sales_reversals_amount)",
            name="daily_store_metrics_check",
        ),
        CheckConstraint(
            "total_sales_amount = ((net_sales_amount + shipping_amount) + taxes_amount)",
            name="daily_store_metrics_check1",
        ),
        CheckConstraint(
            "order_view_net_sales_amount = ((gross_sales_amount - discounts_amount) - order_view_reversals_amount)",
            name="daily_store_metrics_check2",
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="daily_store_metrics_currency_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    store_day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str]
    gross_sales_amount: Mapped[int] = mapped_column(BigInteger)
    discounts_amount: Mapped[int] = mapped_column(BigInteger)
    sales_reversals_amount: Mapped[int] = mapped_column(BigInteger)
    net_sales_amount: Mapped[int] = mapped_column(BigInteger)
    shipping_amount: Mapped[int] = mapped_column(BigInteger)
    taxes_amount: Mapped[int] = mapped_column(BigInteger)
    total_sales_amount: Mapped[int] = mapped_column(BigInteger)
    order_view_reversals_amount: Mapped[int] = mapped_column(BigInteger)
    order_view_net_sales_amount: Mapped[int] = mapped_column(BigInteger)
    orders_count: Mapped[int] = mapped_column(BigInteger)
    orders_cancelled_count: Mapped[int] = mapped_column(BigInteger)
    units_sold_count: Mapped[int] = mapped_column(BigInteger)
    units_reversed_count: Mapped[int] = mapped_column(BigInteger)
    new_customers_count: Mapped[int] = mapped_column(BigInteger)
    returning_customers_count: Mapped[int] = mapped_column(BigInteger)
    sessions_count: Mapped[int] = mapped_column(BigInteger)
    converted_sessions_count: Mapped[int] = mapped_column(BigInteger)
    visitors_count: Mapped[int] = mapped_column(BigInteger)
    page_views_count: Mapped[int] = mapped_column(BigInteger)
    product_views_count: Mapped[int] = mapped_column(BigInteger)
    funnel_cart_count: Mapped[int] = mapped_column(BigInteger)
    funnel_checkout_count: Mapped[int] = mapped_column(BigInteger)
    funnel_order_count: Mapped[int] = mapped_column(BigInteger)
    bot_events_count: Mapped[int] = mapped_column(BigInteger)
    late_events_count: Mapped[int] = mapped_column(BigInteger)
    horizon: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CohortMetrics(Base):
    """Grain: store, cohort and period. A period still in the future is NULL."""

    __tablename__ = "cohort_metrics"
    __table_args__ = (
        CheckConstraint("(retained_count >= 0) AND (retained_count <= cohort_size_count)", name="cohort_metrics_check"),
        CheckConstraint(
            "num_nulls(retained_count, revenue_amount, cum_revenue_amount, orders_count) = ANY (ARRAY[0, 4])",
            name="cohort_metrics_check1",
        ),
        CheckConstraint("cohort_grain = ANY (ARRAY['month', 'week'])", name="cohort_metrics_cohort_grain_check"),
        CheckConstraint("cohort_size_count > 0", name="cohort_metrics_cohort_size_count_check"),
        CheckConstraint("period_index >= 0", name="cohort_metrics_period_index_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    cohort_grain: Mapped[str] = mapped_column(primary_key=True)
    cohort_on: Mapped[date] = mapped_column(primary_key=True)
    period_index: Mapped[int] = mapped_column(primary_key=True)
    cohort_size_count: Mapped[int] = mapped_column(BigInteger)
    retained_count: Mapped[int | None] = mapped_column(BigInteger)
    revenue_amount: Mapped[int | None] = mapped_column(BigInteger)
    cum_revenue_amount: Mapped[int | None] = mapped_column(BigInteger)
    orders_count: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str]
    horizon: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OrderAttribution(Base):
    """Grain: order, model and touch. Credits of an order and model add up to its gross sales less discounts."""

    __tablename__ = "order_attribution"
    __table_args__ = (
        CheckConstraint("(ordinal = 0) = (channel = 'unattributed')", name="order_attribution_check"),
        CheckConstraint("ordinal >= 0", name="order_attribution_ordinal_check"),
        Index("order_attribution_store_id_model_placed_on_idx", "store_id", "model", "placed_on"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    touch_id: Mapped[str | None]
    channel: Mapped[str]
    source: Mapped[str | None]
    medium: Mapped[str | None]
    campaign: Mapped[str | None]
    credit_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    touched_at: Mapped[datetime | None]
    placed_on: Mapped[date]
    horizon: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductSalesWindow(Base):
    """Grain: store, window length and rank: best-selling products of the window."""

    __tablename__ = "product_sales_window"
    __table_args__ = (
        UniqueConstraint("store_id", "window_days", "product_id"),
        ForeignKeyConstraint(["store_id", "product_id"], ["products.store_id", "products.id"], ondelete="CASCADE"),
        CheckConstraint("rank >= 1", name="product_sales_window_rank_check"),
        CheckConstraint("window_days > 0", name="product_sales_window_window_days_check"),
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    window_days: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    units_count: Mapped[int] = mapped_column(BigInteger)
    gross_sales_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    horizon: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Publication(Base):
    """What was last published of a mart: everything before the horizon is in it."""

    __tablename__ = "publication"

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    mart: Mapped[str] = mapped_column(primary_key=True)
    horizon: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime]
    lake_snapshot_id: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
