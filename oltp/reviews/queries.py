"""Reads of reviews, and what products are rated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from oltp.catalog.queries import get_product
from oltp.reviews.errors import ReviewNotFound
from oltp.reviews.models import Review

# A legacy rating out of bounds counts for nothing.
_RATED = text("""
    SELECT count(*) AS review_count, round(avg(rating), 1) AS average,
           coalesce((SELECT jsonb_object_agg(c.rating, c.reviews) FROM (
             SELECT rating, count(*) AS reviews FROM reviews WHERE store_id = :store AND product_id = :product
               AND is_approved AND deleted_at IS NULL GROUP BY rating) c), '{}') AS counts
    FROM reviews WHERE store_id = :store AND product_id = :product AND is_approved AND deleted_at IS NULL
      AND rating BETWEEN 1 AND 5""")


@dataclass(frozen=True)
class ReviewFilter:
    """Which reviews are wanted; None for any."""

    product_id: UUID | None = None
    customer_id: UUID | None = None
    is_approved: bool | None = None


@dataclass(frozen=True)
class Rating:
    """What a product is rated by approved, live reviews: the mean to one decimal place, None without any."""

    review_count: int
    average: Decimal | None
    counts: Mapping[int, int]


def get_review(session: Session, *, store_id: UUID, review_id: UUID) -> Review:
    """Return a live review. Errors: ReviewNotFound."""
    found = session.get(Review, review_id)
    if found is None or found.store_id != store_id or found.deleted_at is not None:
        raise ReviewNotFound(review_id=review_id)
    return found


def list_reviews(
    session: Session, *, store_id: UUID, wanted: ReviewFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Review]:
    """Return a page of live reviews, newest first; `after` is (created_at, id) of the last one before."""
    query = select(Review).where(Review.store_id == store_id, Review.deleted_at.is_(None))
    if wanted.product_id is not None:
        query = query.where(Review.product_id == wanted.product_id)
    if wanted.customer_id is not None:
        query = query.where(Review.customer_id == wanted.customer_id)
    if wanted.is_approved is not None:
        query = query.where(Review.is_approved == wanted.is_approved)
    if after is not None:
        query = query.where(tuple_(Review.created_at, Review.id) < tuple_(*after))
    return session.scalars(query.order_by(Review.created_at.desc(), Review.id.desc()).limit(limit)).all()


def list_product_reviews(
    session: Session, *, store_id: UUID, product_id: UUID, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Review]:
    """Return a page of what customers see: a product's approved reviews. Errors: ProductNotFound."""
    get_product(session, store_id=store_id, product_id=product_id)
    wanted = ReviewFilter(product_id=product_id, is_approved=True)
    return list_reviews(session, store_id=store_id, wanted=wanted, after=after, limit=limit)


def get_rating(session: Session, *, store_id: UUID, product_id: UUID) -> Rating:
    """Return what a product is rated. Errors: ProductNotFound."""
    get_product(session, store_id=store_id, product_id=product_id)
    row = session.execute(_RATED, {"store": store_id, "product": product_id}).one()
    return Rating(row.review_count, row.average, {star: row.counts.get(str(star), 0) for star in range(1, 6)})
