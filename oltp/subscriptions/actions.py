"""Writes of subscriptions: started, paused, resumed, changed, cancelled. Periods are billed by `billing`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.customers.errors import CustomerNotFound
from oltp.customers.queries import get_customer
from oltp.db.locking import lock_subscription
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event
from oltp.payments.errors import ConfigNotFound
from oltp.payments.queries import get_config
from oltp.pricing.errors import PriceMissing
from oltp.pricing.queries import PriceWish, resolve_prices
from oltp.subscriptions.errors import StartTooFar, SubscriberUnknown, SubscriptionAccountUnknown, SubscriptionEnded
from oltp.subscriptions.models import Subscription
from oltp.subscriptions.queries import get_subscription
from oltp.subscriptions.rules import boundary, next_boundary
from oltp.tenancy.queries import get_store

FARTHEST_START_DAYS = 366
_SKIP = text("""
    UPDATE subscription_cycle SET status = 'skipped', next_attempt_at = NULL
    WHERE store_id = :store AND subscription_id = :subscription AND status = 'due'""")
_HAS_CYCLE = text("""
    SELECT EXISTS (SELECT FROM subscription_cycle WHERE store_id = :store AND subscription_id = :subscription)""")


@dataclass(frozen=True)
class Terms:
    """What is sent to whom, how often, and how it is paid; addresses as search_api.schemas.Address has them.

    The price is the one of the day on which a period is billed, as for any order.
    """

    customer_id: UUID
    variant_id: UUID
    quantity: int
    interval_unit: str
    interval_count: int
    currency: str
    payment_method: str
    provider_config_id: UUID | None = None
    payment_token: str | None = None
    shipping_address: dict[str, Any] | None = None
    shipping_method: str | None = None


def create_subscription(
    session: Session, *, store_id: UUID, terms: Terms, starts_at: datetime | None = None, clock: Clock
) -> Subscription:
    """Start a subscription; the first period is billed when it begins.

    Errors: SubscriberUnknown, PriceMissing (also for an unknown variant), StartTooFar, SubscriptionAccountUnknown.
    """
    now = clock.now()
    starts_at = starts_at or now
    if not now <= starts_at <= now + timedelta(days=FARTHEST_START_DAYS):
        raise StartTooFar(days=FARTHEST_START_DAYS, field="starts_at")
    try:
        get_customer(session, store_id=store_id, customer_id=terms.customer_id)
    except CustomerNotFound:
        raise SubscriberUnknown(customer_id=terms.customer_id, field="customer_id") from None
    _check_account(session, store_id=store_id, config_id=terms.provider_config_id)
    amount = _price(session, store_id=store_id, terms=terms, now=now)
    ends_at = boundary(starts_at, zone=get_store(session, store_id=store_id).timezone, unit=terms.interval_unit,
                       count=terms.interval_count, ordinal=1)
    made = Subscription(
        id=new_id(), store_id=store_id, **vars(terms), status="active", unit_price_amount=amount,
        anchored_at=starts_at, period_started_at=starts_at, period_ends_at=ends_at, next_billing_at=starts_at,
        is_ending=False, created_at=now, updated_at=now)
    session.add(made)
    record(session, subscription=made, name="subscription.started", now=now)
    return made


def _check_account(session: Session, *, store_id: UUID, config_id: UUID | None) -> None:
    """Refuse an account that the store does not have. Errors: SubscriptionAccountUnknown."""
    try:
        if config_id is not None:
            get_config(session, store_id=store_id, config_id=config_id)
    except ConfigNotFound:
        raise SubscriptionAccountUnknown(config_id=config_id, field="provider_config_id") from None


def _price(session: Session, *, store_id: UUID, terms: Terms, now: datetime) -> int:
    """Return today's price of a unit, in minor units. Errors: PriceMissing, by the field's name."""
    try:
        (price,) = resolve_prices(
            session, store_id=store_id, wishes=[PriceWish(terms.variant_id, terms.quantity)], currency=terms.currency,
            customer_id=terms.customer_id, at=now)
        return price.amount
    except PriceMissing as missing:
        raise PriceMissing(**{**missing.facts, "field": "variant_id"}) from None


def change_subscription(
    session: Session, *, store_id: UUID, subscription_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Subscription:
    """Change quantity, address, shipping or payment from the next period on.

    Errors: SubscriptionNotFound, SubscriptionEnded, SubscriptionAccountUnknown, Stale.
    """
    found = take_live(session, store_id=store_id, subscription_id=subscription_id, expected=expected_updated_at)
    changed = {name: value for name, value in changes.items() if getattr(found, name) != value}
    if changed:
        _check_account(session, store_id=store_id, config_id=changed.get("provider_config_id"))
        for name, value in changed.items():
            setattr(found, name, value)
        found.updated_at = clock.now()
        record(session, subscription=found, name="subscription.updated", now=found.updated_at,
               facts={"fields": sorted(changed)})
    return found


def pause_subscription(session: Session, *, store_id: UUID, subscription_id: UUID, clock: Clock) -> Subscription:
    """Stop billing until it is resumed; what is due and not paid is let go.

    Errors: SubscriptionNotFound, SubscriptionEnded.
    """
    found = take_live(session, store_id=store_id, subscription_id=subscription_id)
    if found.status != "paused":
        session.execute(_SKIP, {"store": store_id, "subscription": subscription_id})
        found.status, found.next_billing_at, found.updated_at = "paused", None, clock.now()
        record(session, subscription=found, name="subscription.paused", now=found.updated_at)
    return found


def resume_subscription(session: Session, *, store_id: UUID, subscription_id: UUID, clock: Clock) -> Subscription:
    """Let a paused subscription go on at its next boundary; one that is ending goes on too.

    Errors: SubscriptionNotFound, SubscriptionEnded.
    """
    found = take_live(session, store_id=store_id, subscription_id=subscription_id)
    if found.status != "paused" and not found.is_ending:
        return found
    now = clock.now()
    if found.status == "paused":
        found.status, found.next_billing_at = "active", _next_bill(session, found=found, now=now)
    found.is_ending, found.updated_at = False, now
    record(session, subscription=found, name="subscription.resumed", now=now)
    return found


def _next_bill(session: Session, *, found: Subscription, now: datetime) -> datetime:
    """Return when a subscription that goes on is billed: at a boundary that is to come. Its first period is billed by
    itself, where it has not begun or nobody has come to bill it yet.
    """
    has_begun = session.scalar(_HAS_CYCLE, {"store": found.store_id, "subscription": found.id})
    if found.anchored_at > now or (not has_begun and found.period_ends_at > now):
        return found.anchored_at
    return next_boundary(
        found.anchored_at, zone=get_store(session, store_id=found.store_id).timezone, unit=found.interval_unit,
        count=found.interval_count, after=max(now, found.period_started_at))


def cancel_subscription(
    session: Session, *, store_id: UUID, subscription_id: UUID, at_period_end: bool, clock: Clock
) -> Subscription:
    """End a subscription now, or when what is paid for has been used. An order that was placed stays.

    Errors: SubscriptionNotFound, SubscriptionEnded.
    """
    found = take_live(session, store_id=store_id, subscription_id=subscription_id)
    now = clock.now()
    if at_period_end and found.status != "paused":
        if not found.is_ending:
            found.is_ending, found.updated_at = True, now
            record(session, subscription=found, name="subscription.ending", now=now)
        return found
    end_subscription(session, subscription=found, now=now, reason="cancelled")
    return found


def end_subscription(session: Session, *, subscription: Subscription, now: datetime, reason: str) -> None:
    """End a subscription under its lock; what is due and not paid is let go."""
    session.execute(_SKIP, {"store": subscription.store_id, "subscription": subscription.id})
    subscription.status, subscription.canceled_at, subscription.next_billing_at = "canceled", now, None
    subscription.updated_at = now
    record(session, subscription=subscription, name="subscription.cancelled", now=now, facts={"reason": reason})


def take_live(
    session: Session, *, store_id: UUID, subscription_id: UUID, expected: datetime | None = None
) -> Subscription:
    """Return the subscription under its lock. Errors: SubscriptionNotFound, SubscriptionEnded, Stale."""
    lock_subscription(session, store_id=store_id, subscription_id=subscription_id)
    found = get_subscription(session, store_id=store_id, subscription_id=subscription_id)
    if expected is not None and expected != found.updated_at:
        raise Stale()
    if found.status == "canceled":
        raise SubscriptionEnded(subscription_id=subscription_id)
    return found


def record(session: Session, *, subscription: Subscription, name: str, now: datetime,
           facts: Mapping[str, Any] | None = None) -> None:
    """Tell of a step of a subscription."""
    session.flush()
    record_event(
        session, store_id=subscription.store_id, name=name, entity_type="subscription", entity_id=subscription.id,
        payload={"subscription_id": str(subscription.id), "customer_id": str(subscription.customer_id),
                 "status": subscription.status, "quantity": subscription.quantity, **(facts or {})}, occurred_at=now)
