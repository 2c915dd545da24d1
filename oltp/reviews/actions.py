"""Writes of reviews: one live review per customer and product, hidden until it is approved."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_catalog_rows, lock_keys
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.outbox.actions import record_event
from oltp.reviews.errors import (
    AlreadyReviewed,
    RatingInvalid,
    ReviewedProductUnknown,
    ReviewerUnknown,
    ReviewNotFound,
)
from oltp.reviews.models import Review

RATINGS = range(1, 6)
_KNOWN = text("""
    SELECT EXISTS (SELECT FROM products WHERE store_id = :store AND id = :product AND deleted_at IS NULL),
           EXISTS (SELECT FROM customers WHERE store_id = :store AND id = :customer AND deleted_at IS NULL),
           EXISTS (SELECT FROM reviews WHERE store_id = :store AND product_id = :product AND customer_id = :customer
                   AND deleted_at IS NULL)""")
# Bought is what was paid, or sent to be paid at the door; not what was cancelled or given back in full.
_BOUGHT = text("""
    SELECT EXISTS (
      SELECT FROM orders o JOIN order_items i ON i.store_id = o.store_id AND i.order_id = o.id
      WHERE o.store_id = :store AND o.customer_id = :customer AND o.deleted_at IS NULL AND i.product_id = :product
        AND o.status IN ('PAID', 'PROCESSING', 'SHIPPED', 'DELIVERED'))""")


@dataclass(frozen=True)
class NewReview:
    """A review to be written; `images` are URLs."""

    product_id: UUID
    customer_id: UUID
    rating: int
    comment: str
    title: str | None = None
    images: Sequence[str] = ()


def create_review(session: Session, *, store_id: UUID, wanted: NewReview, clock: Clock) -> Review:
    """Write a customer's review. Whether he bought the product is worked out from his orders.

    Errors: RatingInvalid, ReviewedProductUnknown, ReviewerUnknown, AlreadyReviewed.
    """
    _check_rating(wanted.rating)
    # Legacy rows may have two live reviews of one customer, so no unique index stands here: writers stand in line.
    lock_keys(session, scope=f"review:{store_id}", keys=[f"{wanted.product_id}:{wanted.customer_id}"])
    keys = {"store": store_id, "product": wanted.product_id, "customer": wanted.customer_id}
    has_product, has_customer, is_second = session.execute(_KNOWN, keys).one()
    if not has_product:
        raise ReviewedProductUnknown(product_id=wanted.product_id, field="product_id")
    if not has_customer:
        raise ReviewerUnknown(customer_id=wanted.customer_id, field="customer_id")
    if is_second:
        raise AlreadyReviewed(field="customer_id")
    review = Review(
        id=new_id(), store_id=store_id, product_id=wanted.product_id, customer_id=wanted.customer_id,
        rating=wanted.rating, title=wanted.title, comment=wanted.comment, images=json.dumps(list(wanted.images)),
        is_approved=False, is_verified_purchase=bool(session.scalar(_BOUGHT, keys)), created_at=clock.now(),
        updated_at=clock.now())
    session.add(review)
    _tell(session, review=review, verb="created", clock=clock)
    return review


def update_review(
    session: Session, *, store_id: UUID, review_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Review:
    """Change `rating`, `title`, `comment` or `images`; what it says now must be approved anew.

    Errors: ReviewNotFound, Stale, RatingInvalid.
    """
    review = _locked(session, store_id=store_id, review_id=review_id, expected_updated_at=expected_updated_at)
    if "rating" in changes:
        _check_rating(changes["rating"])
    for name, value in changes.items():
        setattr(review, name, json.dumps(value) if name == "images" else value)
    if changes:
        review.is_approved, review.approved_at = False, None
        _finish(session, review=review, verb="updated", clock=clock)
    return review


def approve_review(session: Session, *, store_id: UUID, review_id: UUID, clock: Clock) -> Review:
    """Show a review to customers; approving it again changes nothing. Errors: ReviewNotFound."""
    review = _locked(session, store_id=store_id, review_id=review_id, expected_updated_at=None)
    if not review.is_approved:
        review.is_approved, review.approved_at = True, clock.now()
        _finish(session, review=review, verb="approved", clock=clock)
    return review


def reject_review(session: Session, *, store_id: UUID, review_id: UUID, clock: Clock) -> Review:
    """Hide a review from customers; it stays the customer's review of the product. Errors: ReviewNotFound."""
    review = _locked(session, store_id=store_id, review_id=review_id, expected_updated_at=None)
    review.is_approved, review.approved_at = False, None
    _finish(session, review=review, verb="rejected", clock=clock)
    return review


def delete_review(
    session: Session, *, store_id: UUID, review_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a review softly; the customer may write another one. Errors: ReviewNotFound, Stale."""
    review = _locked(session, store_id=store_id, review_id=review_id, expected_updated_at=expected_updated_at)
    review.deleted_at = clock.now()
    _finish(session, review=review, verb="deleted", clock=clock)


def _check_rating(rating: int) -> None:
    if rating not in RATINGS:
        raise RatingInvalid(field="rating")


def _locked(session: Session, *, store_id: UUID, review_id: UUID, expected_updated_at: datetime | None) -> Review:
    lock_catalog_rows(session, table="reviews", store_id=store_id, ids=[review_id])
    review = session.get(Review, review_id, populate_existing=True)
    if review is None or review.store_id != store_id or review.deleted_at is not None:
        raise ReviewNotFound(review_id=review_id)
    if expected_updated_at is not None and review.updated_at != expected_updated_at:
        raise Stale()
    return review


def _finish(session: Session, *, review: Review, verb: str, clock: Clock) -> None:
    # Later than before, so that no two states of it have one ETag.
    review.updated_at = max(clock.now(), review.updated_at + timedelta(microseconds=1))
    _tell(session, review=review, verb=verb, clock=clock)


def _tell(session: Session, *, review: Review, verb: str, clock: Clock) -> None:
    session.flush()
    record_event(
        session, store_id=review.store_id, name=f"review.{verb}", entity_type="review", entity_id=review.id,
        payload={"product_id": str(review.product_id), "rating": review.rating, "is_approved": review.is_approved},
        occurred_at=clock.now())
