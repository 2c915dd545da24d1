"""Tables of the room `events`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, RowVersion, StoreId


class IngestBatch(Base):
    """One submission of events and what became of each: the counts add up to `received_count`."""

    __tablename__ = "ingest_batch"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        CheckConstraint("accepted_count >= 0", name="ingest_batch_accepted_count_check"),
        CheckConstraint(
            "received_count = ((((accepted_count + rejected_count) + duplicate_count) + quarantined_count)"
            " + unconsented_count)",
            name="ingest_batch_check",
        ),
        CheckConstraint("duplicate_count >= 0", name="ingest_batch_duplicate_count_check"),
        CheckConstraint("quarantined_count >= 0", name="ingest_batch_quarantined_count_check"),
        CheckConstraint("received_count >= 0", name="ingest_batch_received_count_check"),
        CheckConstraint("rejected_count >= 0", name="ingest_batch_rejected_count_check"),
        CheckConstraint("unconsented_count >= 0", name="ingest_batch_unconsented_count_check"),
        Index("ingest_batch_row_version_idx", "row_version"),
        Index("ingest_batch_store_id_received_at_idx", "store_id", "received_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    received_count: Mapped[int]
    accepted_count: Mapped[int]
    rejected_count: Mapped[int]
    duplicate_count: Mapped[int]
    quarantined_count: Mapped[int]
    unconsented_count: Mapped[int]
    byte_count: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[str | None]
    row_version: Mapped[RowVersion]


class RejectedEvent(Base):
    """An event that was refused or quarantined, kept with its reason so that it can be replayed."""

    __tablename__ = "rejected_event"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(
            ["store_id", "ingest_batch_id"], ["ingest_batch.store_id", "ingest_batch.id"], ondelete="CASCADE"
        ),
        Index("rejected_event_store_id_ingest_batch_id_idx", "store_id", "ingest_batch_id"),
        Index("rejected_event_store_id_received_at_idx", "store_id", "received_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    ingest_batch_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    body: Mapped[str]
    path: Mapped[str]
    reason: Mapped[str]
    code: Mapped[str]
    is_quarantined: Mapped[bool] = mapped_column(server_default=text("false"))
    replayed_at: Mapped[datetime | None]


class AnalyticsEvent(Base):
    """Something a visitor did. Partitioned by month of `occurred_at`, the time the client first stated."""

    __tablename__ = "analytics_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "subject_id"], ["subject.store_id", "subject.id"], ondelete="SET NULL (subject_id)"
        ),
        CheckConstraint("consent", name="analytics_event_consent_check"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="analytics_event_country_check"),
        Index("analytics_event_row_version_idx", "row_version"),
        Index("analytics_event_store_id_occurred_at_idx", "store_id", "occurred_at"),
        Index("analytics_event_store_id_subject_id_idx", "store_id", "subject_id"),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    corrected_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    subject_id: Mapped[UUID | None]
    consent: Mapped[bool] = mapped_column(server_default=text("true"))
    is_bot: Mapped[bool] = mapped_column(server_default=text("false"))
    session_ref: Mapped[str | None]
    product_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    utm_source: Mapped[str | None]
    utm_medium: Mapped[str | None]
    utm_campaign: Mapped[str | None]
    utm_term: Mapped[str | None]
    utm_content: Mapped[str | None]
    click_id_kind: Mapped[str | None]
    referrer_host: Mapped[str | None]
    page_path: Mapped[str | None]
    country: Mapped[str | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    ingest_batch_id: Mapped[UUID]
    row_version: Mapped[RowVersion]


class RequestTiming(Base):
    """How long one request took; a platform table, `store_id` NULL where no store was known."""

    __tablename__ = "request_timing"
    __table_args__ = (
        CheckConstraint("duration_us >= 0", name="request_timing_duration_us_check"),
        Index("request_timing_route_occurred_at_idx", "route", "occurred_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    store_id: Mapped[UUID | None]
    route: Mapped[str]
    method: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    duration_us: Mapped[int] = mapped_column(BigInteger)
    filter_flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    request_id: Mapped[str | None]
    correlation_id: Mapped[str | None]
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
