"""Subscriptions: started, changed, paused, resumed, cancelled; and the cycles in which they were billed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from oltp.subscriptions import actions, queries
from oltp.subscriptions.models import Subscription
from search_api.cursors import Cursor, Limit, page_of, read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page
from search_api.subscriptions.schemas import (
    Cancellation,
    Cycle,
    NewSubscription,
    Status,
    SubscriptionChanges,
    SubscriptionItem,
    cycle_answer,
    subscription_answer,
)

router = APIRouter(tags=["subscriptions"], route_class=KeyedRoute)

Manager = Annotated[Caller, Depends(require("subscription.manage"))]


@router.get("/v1/subscriptions", summary="List subscriptions, newest first")
def get_subscriptions(
    caller: Manager, session: StoreSession, customer_id: UUID | None = None, status: Status | None = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[SubscriptionItem]:
    """Return a page of the store's subscriptions."""
    rows = queries.list_subscriptions(
        session, store_id=caller.store_id, wanted=queries.SubscriptionFilter(customer_id, status),
        after=read_id(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=subscription_answer, place=lambda row: [str(row.id)])


@router.post("/v1/subscriptions", status_code=201, summary="Start a subscription")
def post_subscription(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: NewSubscription, response: Response
) -> SubscriptionItem:
    """Start a subscription. The worker bills its first period when that begins, within five minutes."""
    return _answer(response, actions.create_subscription(
        session, store_id=caller.store_id, terms=body.terms(), starts_at=body.starts_at, clock=clock))


@router.get("/v1/subscriptions/{subscription_id}", summary="Read a subscription")
def get_one(caller: Manager, session: StoreSession, subscription_id: UUID, response: Response) -> SubscriptionItem:
    """Return a subscription, with its ETag."""
    return _answer(response, queries.get_subscription(
        session, store_id=caller.store_id, subscription_id=subscription_id))


@router.patch("/v1/subscriptions/{subscription_id}", summary="Change a subscription")
def patch_subscription(
    caller: Manager, session: StoreSession, clock: CurrentClock, subscription_id: UUID, body: SubscriptionChanges,
    expected: IfMatch, response: Response,
) -> SubscriptionItem:
    """Change quantity, address, shipping or payment from the next period on; a failed payment's next try has it too."""
    return _answer(response, actions.change_subscription(
        session, store_id=caller.store_id, subscription_id=subscription_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock))


@router.post("/v1/subscriptions/{subscription_id}/pause", summary="Pause a subscription")
def post_pause(
    caller: Manager, session: StoreSession, clock: CurrentClock, subscription_id: UUID, response: Response
) -> SubscriptionItem:
    """Stop billing until it is resumed."""
    return _answer(response, actions.pause_subscription(
        session, store_id=caller.store_id, subscription_id=subscription_id, clock=clock))


@router.post("/v1/subscriptions/{subscription_id}/resume", summary="Resume a subscription")
def post_resume(
    caller: Manager, session: StoreSession, clock: CurrentClock, subscription_id: UUID, response: Response
) -> SubscriptionItem:
    """Let a paused subscription go on at its next period; one that was to end goes on too."""
    return _answer(response, actions.resume_subscription(
        session, store_id=caller.store_id, subscription_id=subscription_id, clock=clock))


@router.post("/v1/subscriptions/{subscription_id}/cancel", summary="Cancel a subscription")
def post_cancel(
    caller: Manager, session: StoreSession, clock: CurrentClock, subscription_id: UUID, body: Cancellation,
    response: Response,
) -> SubscriptionItem:
    """End a subscription now or with its period. Orders that were placed stay."""
    return _answer(response, actions.cancel_subscription(
        session, store_id=caller.store_id, subscription_id=subscription_id, at_period_end=body.at_period_end,
        clock=clock))


@router.get("/v1/subscriptions/{subscription_id}/cycles", summary="List a subscription's cycles, newest first")
def get_cycles(
    caller: Manager, session: StoreSession, subscription_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Cycle]:
    """Return a page of the periods that have begun."""
    rows = queries.list_cycles(session, store_id=caller.store_id, subscription_id=subscription_id,
                               after=read_id(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=cycle_answer, place=lambda row: [str(row.id)])


def _answer(response: Response, row: Subscription) -> SubscriptionItem:
    response.headers["ETag"] = etag_of(row.updated_at)
    return subscription_answer(row)
