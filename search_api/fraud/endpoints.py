"""Fraud: what the rules said about orders, and what a person decides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from oltp.fraud.actions import review_assessment
from oltp.fraud.models import FraudAssessment
from oltp.fraud.queries import AssessmentFilter, get_assessment, list_assessments, list_of_order
from search_api.cursors import Cursor, Limit, moment_place, page_of, read_moment
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.fraud.schemas import Assessment, Decision, Review, assessment_answer
from search_api.idempotency import KeyedRoute
from search_api.pages import Page

router = APIRouter(tags=["fraud"], route_class=KeyedRoute)

Reviewer = Annotated[Caller, Depends(require("fraud.review"))]


@router.get("/v1/fraud-assessments", summary="List fraud assessments, newest first")
def get_assessments(
    caller: Reviewer, session: StoreSession, order_id: UUID | None = None, decision: Decision | None = None,
    is_open: Annotated[bool | None, Query(description="Whether a person still has to decide.")] = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[Assessment]:
    """Return a page of the log of decisions."""
    rows = list_assessments(
        session, store_id=caller.store_id, wanted=AssessmentFilter(order_id, decision, is_open),
        after=read_moment(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=assessment_answer, place=_place)


@router.get("/v1/fraud-assessments/{assessment_id}", summary="Read a fraud assessment")
def get_one(caller: Reviewer, session: StoreSession, assessment_id: UUID) -> Assessment:
    """Return one decision with what was known."""
    return assessment_answer(get_assessment(session, store_id=caller.store_id, assessment_id=assessment_id))


@router.get("/v1/orders/{order_id}/fraud-assessments", summary="List what was decided about an order, newest first")
def get_of_order(
    caller: Reviewer, session: StoreSession, order_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Assessment]:
    """Return a page of the decisions about one order."""
    rows = list_of_order(
        session, store_id=caller.store_id, order_id=order_id, after=read_moment(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=assessment_answer, place=_place)


@router.post("/v1/fraud-assessments/{assessment_id}/review", status_code=201, summary="Decide on a suspected order")
def post_review(
    caller: Reviewer, session: StoreSession, clock: CurrentClock, assessment_id: UUID, body: Review
) -> Assessment:
    """Add a person's decision to the log. `approve` releases the order; `decline` leaves it held: then cancel it."""
    return assessment_answer(review_assessment(
        session, store_id=caller.store_id, assessment_id=assessment_id, decision=body.decision, clock=clock))


def _place(row: FraudAssessment) -> list[str]:
    return moment_place(row.assessed_at, row.id)
