"""Reads of payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.payments.errors import AttemptNotFound, ConfigNotFound
from oltp.payments.models import PaymentAttempt, PaymentProviderConfig, Refund, RefundItem

# Of several orders: keys of a page, newest first.
After = tuple[datetime, UUID]
# A store, and something of it.
Key = tuple[UUID, UUID]


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts are wanted; None for any."""

    order_id: UUID | None = None
    status: str | None = None
    gateway: str | None = None


def get_attempt(session: Session, *, store_id: UUID, attempt_id: UUID) -> PaymentAttempt:
    """Return the attempt. Errors: AttemptNotFound."""
    found = session.scalar(select(PaymentAttempt).where(
        PaymentAttempt.store_id == store_id, PaymentAttempt.id == attempt_id))
    if found is None:
        raise AttemptNotFound(attempt_id=attempt_id)
    return found


def list_attempts(
    session: Session, *, store_id: UUID, wanted: AttemptFilter, after: After | None, limit: int
) -> Sequence[PaymentAttempt]:
    """Return a page of attempts, newest first, in one statement."""
    query = select(PaymentAttempt).where(PaymentAttempt.store_id == store_id)
    for name in ("order_id", "status", "gateway"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(PaymentAttempt, name) == value)
    if after is not None:
        moment, last = after
        query = query.where(PaymentAttempt.created_at <= moment,
                            (PaymentAttempt.created_at < moment) | (PaymentAttempt.id < last))
    query = query.order_by(PaymentAttempt.created_at.desc(), PaymentAttempt.id.desc())
    return session.scalars(query.limit(limit)).all()


def list_refunds(
    session: Session, *, store_id: UUID, order_id: UUID | None, status: str | None, after: After | None, limit: int,
) -> Sequence[Refund]:
    """Return a page of refunds, newest first, in one statement."""
    query = select(Refund).where(Refund.store_id == store_id)
    if order_id is not None:
        query = query.where(Refund.order_id == order_id)
    if status is not None:
        query = query.where(Refund.status == status)
    if after is not None:
        moment, last = after
        query = query.where(Refund.created_at <= moment, (Refund.created_at < moment) | (Refund.id < last))
    return session.scalars(query.order_by(Refund.created_at.desc(), Refund.id.desc()).limit(limit)).all()


def list_refund_items(session: Session, *, store_id: UUID, refund_ids: Sequence[UUID]) -> dict[UUID, list[RefundItem]]:
    """Return the rows of several refunds in one statement."""
    found: dict[UUID, list[RefundItem]] = {refund_id: [] for refund_id in refund_ids}
    rows = session.scalars(
        select(RefundItem).where(RefundItem.store_id == store_id, RefundItem.refund_id.in_(refund_ids))
        .order_by(RefundItem.order_item_id, RefundItem.kind, RefundItem.id))
    for row in rows:
        found[row.refund_id].append(row)
    return found


def get_config(session: Session, *, store_id: UUID, config_id: UUID) -> PaymentProviderConfig:
    """Return a live config. Errors: ConfigNotFound."""
    found = session.scalar(select(PaymentProviderConfig).where(
        PaymentProviderConfig.store_id == store_id, PaymentProviderConfig.id == config_id,
        PaymentProviderConfig.deleted_at.is_(None)))
    if found is None:
        raise ConfigNotFound(config_id=config_id)
    return found


def list_configs(
    session: Session, *, store_id: UUID, after: After | None, limit: int
) -> Sequence[PaymentProviderConfig]:
    """Return a page of live configs, newest first."""
    query = select(PaymentProviderConfig).where(
        PaymentProviderConfig.store_id == store_id, PaymentProviderConfig.deleted_at.is_(None))
    if after is not None:
        moment, last = after
        query = query.where(PaymentProviderConfig.created_at <= moment, (
            PaymentProviderConfig.created_at < moment) | (PaymentProviderConfig.id < last))
    return session.scalars(
        query.order_by(PaymentProviderConfig.created_at.desc(), PaymentProviderConfig.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class CallbackOwner:
    """Whose callback it is."""

    store_id: UUID
    config_id: UUID


def find_callback_owner(session: Session, *, callback_key: str) -> CallbackOwner | None:
    """Return the store and the config of a callback key, before any tenant is known."""
    row = session.execute(text("SELECT store_id, config_id FROM find_payment_callback(:key)"),
                          {"key": callback_key}).one_or_none()
    return None if row is None else CallbackOwner(row.store_id, row.config_id)


# Manual payments wait for people. What is younger than `since` may still be answered by whoever asked.
_UNANSWERED = text("""
    SELECT store_id, id FROM payment_attempt
    WHERE status IN ('created', 'unknown') AND gateway <> 'MANUAL' AND updated_at < :since AND created_at > :oldest
      AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit""")
_UNPAID_REFUNDS = text("""
    SELECT store_id, id FROM refund
    WHERE status = 'pending' AND payment_attempt_id IS NOT NULL AND created_at < :since
      AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit""")
_UNAPPLIED = text("""
    SELECT store_id, id FROM gateway_event
    WHERE is_verified AND applied_at IS NULL AND received_at < :since AND received_at > :oldest
      AND (CAST(:after AS uuid) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit""")


def list_unanswered(
    session: Session, *, since: datetime, oldest: datetime, after: UUID | None, limit: int
) -> list[Key]:
    """Return (store, attempt) of those whose outcome nobody knows, of every store the session sees."""
    return [(row.store_id, row.id) for row in session.execute(
        _UNANSWERED, {"since": since, "oldest": oldest, "after": after, "limit": limit})]


def list_unpaid_refunds(session: Session, *, since: datetime, after: UUID | None, limit: int) -> list[Key]:
    """Return (store, refund) of those that are pending."""
    return [(row.store_id, row.id) for row in session.execute(
        _UNPAID_REFUNDS, {"since": since, "after": after, "limit": limit})]


def list_unapplied(
    session: Session, *, since: datetime, oldest: datetime, after: UUID | None, limit: int
) -> list[Key]:
    """Return (store, gateway event) of those that were kept and not applied."""
    return [(row.store_id, row.id) for row in session.execute(
        _UNAPPLIED, {"since": since, "oldest": oldest, "after": after, "limit": limit})]
