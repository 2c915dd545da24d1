"""Tables of the room `fraud`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from oltp.db.base import Base
from oltp.db.types import Id, StoreId


class FraudAssessment(Base):
    """What the rules of one version said about an order, and what a person decided."""

    __tablename__ = "fraud_assessment"
    __table_args__ = (
        UniqueConstraint("store_id", "id"),
        ForeignKeyConstraint(["store_id", "order_id"], ["orders.store_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("(reviewed_at IS NULL) = (review_decision IS NULL)", name="fraud_assessment_check"),
        CheckConstraint("(reviewed_by_user_id IS NULL) OR (reviewed_at IS NOT NULL)", name="fraud_assessment_check1"),
        CheckConstraint("(score >= 0) AND (score <= 100)", name="fraud_assessment_score_check"),
        CheckConstraint(
            "decision = ANY (ARRAY['approve', 'review', 'decline'])", name="fraud_assessment_decision_check"
        ),
        CheckConstraint(
            "review_decision = ANY (ARRAY['approve', 'decline'])", name="fraud_assessment_review_decision_check"
        ),
        Index("fraud_assessment_listing_idx", "store_id", "assessed_at", "id"),
        Index(
            "fraud_assessment_suspects_idx",
            "store_id",
            "assessed_at",
            "id",
            postgresql_where=text("decision <> 'approve'"),
        ),
        Index("fraud_assessment_store_id_order_id_assessed_at_idx", "store_id", "order_id", "assessed_at"),
    )

    id: Mapped[Id]
    store_id: Mapped[StoreId]
    order_id: Mapped[UUID]
    rules_version: Mapped[str]
    score: Mapped[int] = mapped_column(SmallInteger)
    decision: Mapped[str]
    features: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    assessed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    reviewed_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[datetime | None]
    review_decision: Mapped[str | None]
