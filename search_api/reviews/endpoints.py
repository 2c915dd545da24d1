"""Reviews: written by customers, approved or rejected by the shop, shown with the product."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from oltp.reviews import actions, queries
from oltp.reviews.models import Review as ReviewRow
from search_api.catalog.callers import Cursor, Limit, Reader
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from search_api.reviews.schemas import Rating, Review, ReviewBody, ReviewChanges, rating_answer, review_answer

router = APIRouter(tags=["reviews"], route_class=KeyedRoute)

Author = Annotated[Caller, Depends(require("review.write"))]
Moderator = Annotated[Caller, Depends(require("review.moderate"))]


@router.get("/v1/products/{product_id}/reviews", summary="List a product's approved reviews, newest first")
def get_product_reviews(
    caller: Reader, session: StoreSession, product_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Review]:
    """Return a page of what customers see."""
    rows = queries.list_product_reviews(
        session, store_id=caller.store_id, product_id=product_id, after=_read(cursor), limit=limit + 1)
    more = _cursor_of(rows[limit - 1]) if len(rows) > limit else None
    return Page[Review](items=[review_answer(row) for row in rows[:limit]], next=more)


@router.get("/v1/products/{product_id}/rating", summary="Read what a product is rated")
def get_product_rating(caller: Reader, session: StoreSession, product_id: UUID) -> Rating:
    """Return number and mean of the product's approved reviews."""
    return rating_answer(queries.get_rating(session, store_id=caller.store_id, product_id=product_id))


@router.get("/v1/reviews", summary="List reviews for moderation, newest first")
def get_reviews(
    caller: Moderator, session: StoreSession, product_id: UUID | None = None, customer_id: UUID | None = None,
    is_approved: bool | None = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[Review]:
    """Return a page of the store's reviews that are not deleted, approved or not."""
    wanted = queries.ReviewFilter(product_id, customer_id, is_approved)
    rows = queries.list_reviews(
        session, store_id=caller.store_id, wanted=wanted, after=_read(cursor), limit=limit + 1)
    more = _cursor_of(rows[limit - 1]) if len(rows) > limit else None
    return Page[Review](items=[review_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/reviews", status_code=201, summary="Write a review")
def post_review(
    caller: Author, session: StoreSession, clock: CurrentClock, body: ReviewBody, response: Response
) -> Review:
    """Write a customer's review; he has one of each product. It is hidden until it is approved."""
    made = actions.create_review(session, store_id=caller.store_id, wanted=body.wanted(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return review_answer(made)


@router.get("/v1/reviews/{review_id}", summary="Read a review")
def get_review(caller: Author, session: StoreSession, review_id: UUID, response: Response) -> Review:
    """Return a review, approved or not, with its ETag."""
    found = queries.get_review(session, store_id=caller.store_id, review_id=review_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return review_answer(found)


@router.patch("/v1/reviews/{review_id}", summary="Change a review")
def patch_review(
    caller: Author, session: StoreSession, clock: CurrentClock, review_id: UUID, body: ReviewChanges,
    expected: IfMatch, response: Response,
) -> Review:
    """Change what it says; it is hidden until that is approved."""
    changed = actions.update_review(session, store_id=caller.store_id, review_id=review_id, changes=body.changes(),
                                    expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return review_answer(changed)


@router.post("/v1/reviews/{review_id}/approve", summary="Approve a review")
def approve_review(caller: Moderator, session: StoreSession, clock: CurrentClock, review_id: UUID) -> Review:
    """Show it to customers, and let it count."""
    return review_answer(actions.approve_review(
        session, store_id=caller.store_id, review_id=review_id, clock=clock))


@router.post("/v1/reviews/{review_id}/reject", summary="Reject a review")
def reject_review(caller: Moderator, session: StoreSession, clock: CurrentClock, review_id: UUID) -> Review:
    """Hide it, also when it was approved before."""
    return review_answer(actions.reject_review(
        session, store_id=caller.store_id, review_id=review_id, clock=clock))


@router.delete("/v1/reviews/{review_id}", status_code=204, summary="Delete a review")
def delete_review(
    caller: Moderator, session: StoreSession, clock: CurrentClock, review_id: UUID, expected: IfMatch
) -> None:
    """Delete a review; the customer may write another one."""
    actions.delete_review(
        session, store_id=caller.store_id, review_id=review_id, expected_updated_at=expected, clock=clock)


def _cursor_of(row: ReviewRow) -> str:
    return encode_cursor([row.created_at.isoformat(), str(row.id)])


def _read(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    moment, review_id = decode_cursor(cursor, length=2)
    try:
        found = datetime.fromisoformat(moment), UUID(review_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if found[0].tzinfo is None:
        raise InvalidCursor(field="cursor")
    return found
