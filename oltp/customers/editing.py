"""Writes of customers: made, changed, deleted; an e-mail is one live customer's, however it is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.customers.errors import CustomerNotFound, EmailTaken
from oltp.customers.models import Customer
from oltp.db.locking import lock_customer, share_segments
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event
from oltp.tenancy.queries import get_store

# Legacy customers may be written in capitals, so the unique index alone does not find them.
_TAKEN = text("""
    SELECT EXISTS (SELECT FROM customers WHERE store_id = :store AND lower(email) = :email AND deleted_at IS NULL
                   AND id IS DISTINCT FROM CAST(:me AS uuid))""")
_LEAVE = text("""
    UPDATE customer_segment_member SET left_at = greatest(:at, joined_at + interval '1 microsecond')
    WHERE store_id = :store AND customer_id = :customer AND left_at IS NULL""")


def normalise_email(email: str) -> str:
    """Return an e-mail address as it is kept and compared."""
    return email.strip().lower()


def create_customer(
    session: Session, *, store_id: UUID, email: str, first_name: str, last_name: str, phone: str | None = None,
    accepts_marketing: bool = False, clock: Clock,
) -> Customer:
    """Add a customer; the amounts of his statistics are in the store's currency. Errors: EmailTaken."""
    now = clock.now()
    customer = Customer(
        id=new_id(), store_id=store_id, email=normalise_email(email), first_name=first_name, last_name=last_name,
        phone=phone, accepts_marketing=accepts_marketing, marketing_opt_in_at=now if accepts_marketing else None,
        currency=get_store(session, store_id=store_id).currency, total_orders=0, total_spent_amount=0,
        average_order_amount=0, created_at=now, updated_at=now)
    session.add(customer)
    _keep_email(session, customer=customer)
    _record(session, customer=customer, name="customer.created", now=now, fields=())
    return customer


def update_customer(
    session: Session, *, store_id: UUID, customer_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Customer:
    """Change some of email, first_name, last_name, phone, accepts_marketing. Opting in is dated, opting out undated.

    Errors: CustomerNotFound, Stale, EmailTaken.
    """
    customer = take_customer(session, store_id=store_id, customer_id=customer_id, expected=expected_updated_at)
    wanted = dict(changes)
    if wanted.get("email") is not None:
        wanted["email"] = normalise_email(wanted["email"])
    changed = {name: value for name, value in wanted.items() if getattr(customer, name) != value}
    if not changed:
        return customer
    now = clock.now()
    if "accepts_marketing" in changed:
        customer.marketing_opt_in_at = now if changed["accepts_marketing"] else None
    for name, value in changed.items():
        setattr(customer, name, value)
    customer.updated_at = now
    if "email" in changed:
        _keep_email(session, customer=customer)
    _record(session, customer=customer, name="customer.updated", now=now, fields=sorted(changed))
    return customer


def delete_customer(
    session: Session, *, store_id: UUID, customer_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Hide a customer; his orders stay, his segments are left. His e-mail is free again.

    Errors: CustomerNotFound, Stale.
    """
    customer = take_customer(session, store_id=store_id, customer_id=customer_id, expected=expected_updated_at)
    # Whoever fills a segment at this moment may have seen him still, and is waited for.
    share_segments(session, store_id=store_id)
    now = customer.deleted_at = customer.updated_at = clock.now()
    session.execute(_LEAVE, {"store": store_id, "customer": customer_id, "at": now})
    _record(session, customer=customer, name="customer.deleted", now=now, fields=())


def take_customer(
    session: Session, *, store_id: UUID, customer_id: UUID, expected: datetime | None = None
) -> Customer:
    """Return the live customer under his lock, as the database has him now. Errors: CustomerNotFound, Stale."""
    lock_customer(session, store_id=store_id, customer_id=customer_id)
    customer = session.get(Customer, customer_id, populate_existing=True)
    if customer is None or customer.store_id != store_id or customer.deleted_at is not None:
        raise CustomerNotFound(customer_id=customer_id)
    if expected is not None and expected != customer.updated_at:
        raise Stale()
    return customer


def _keep_email(session: Session, *, customer: Customer) -> None:
    taken = EmailTaken(email=customer.email, field="email")
    with session.no_autoflush:
        if session.scalar(_TAKEN, {"store": customer.store_id, "email": customer.email, "me": customer.id}):
            raise taken
    try:
        session.flush()
    except IntegrityError as error:
        # Somebody else has taken it since we looked.
        if "customers_live_email_key" in str(error.orig):
            raise taken from None
        raise


def _record(session: Session, *, customer: Customer, name: str, now: datetime,
            fields: Sequence[str]) -> None:
    session.flush()
    record_event(session, store_id=customer.store_id, name=name, entity_type="customer", entity_id=customer.id,
                 payload={"customer_id": str(customer.id), "fields": list(fields)}, occurred_at=now, actor_type="USER")
