"""Reads of subscriptions and of their billing cycles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.subscriptions.errors import SubscriptionNotFound
from oltp.subscriptions.models import Subscription, SubscriptionCycle

# Across stores, as the worker: one whose next period has begun, or whose open cycle waits for a try.
_DUE = text("""
    SELECT store_id, id FROM subscription WHERE next_billing_at <= :now AND status IN ('trialing', 'active', 'past_due')
    UNION
    SELECT store_id, subscription_id FROM subscription_cycle WHERE status = 'due' AND next_attempt_at <= :now
    ORDER BY 1, 2 LIMIT :limit""")


@dataclass(frozen=True)
class SubscriptionFilter:
    """Which subscriptions are wanted; None for any."""

    customer_id: UUID | None = None
    status: str | None = None


def list_due(session: Session, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (store, subscription) of those that have something to be done; for the worker."""
    return [(row.store_id, row.id) for row in session.execute(_DUE, {"now": now, "limit": limit})]


def list_subscriptions(
    session: Session, *, store_id: UUID, wanted: SubscriptionFilter, after: UUID | None, limit: int
) -> Sequence[Subscription]:
    """Return a page of subscriptions, newest first; `after` is the id of the last one of the page before."""
    query = select(Subscription).where(Subscription.store_id == store_id)
    if wanted.customer_id is not None:
        query = query.where(Subscription.customer_id == wanted.customer_id)
    if wanted.status is not None:
        query = query.where(Subscription.status == wanted.status)
    if after is not None:
        query = query.where(Subscription.id < after)
    return session.scalars(query.order_by(Subscription.id.desc()).limit(limit)).all()


def get_subscription(session: Session, *, store_id: UUID, subscription_id: UUID) -> Subscription:
    """Return a subscription. Errors: SubscriptionNotFound."""
    found = session.scalar(
        select(Subscription).where(Subscription.store_id == store_id, Subscription.id == subscription_id)
        .execution_options(populate_existing=True))
    if found is None:
        raise SubscriptionNotFound(subscription_id=subscription_id)
    return found


def list_cycles(
    session: Session, *, store_id: UUID, subscription_id: UUID, after: UUID | None, limit: int
) -> Sequence[SubscriptionCycle]:
    """Return a page of the subscription's cycles, newest first. Errors: SubscriptionNotFound."""
    get_subscription(session, store_id=store_id, subscription_id=subscription_id)
    query = select(SubscriptionCycle).where(
        SubscriptionCycle.store_id == store_id, SubscriptionCycle.subscription_id == subscription_id)
    if after is not None:
        query = query.where(SubscriptionCycle.id < after)
    return session.scalars(query.order_by(SubscriptionCycle.id.desc()).limit(limit)).all()
