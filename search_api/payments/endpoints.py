"""Payments: attempts, what gateways call for; accounts and refunds stand in their own files."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from oltp.checkout.collecting import capture_payment, void_payment
from oltp.checkout.hearing import hear_callback
from oltp.orders.queries import get_order
from oltp.payments import queries
from oltp.payments.errors import RefundCurrencyMismatch
from search_api.cursors import read_moment
from search_api.dependencies import (
    Caller,
    CurrentClock,
    CurrentDatabase,
    CurrentGateways,
    OperationId,
    StoreSession,
    StoreTransactions,
    require,
)
from search_api.errors import refusals
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page
from search_api.payments import configs, refunds
from search_api.payments.cursors import next_of
from search_api.payments.schemas import Attempt, AttemptStatus, CaptureWish, Gateway, attempt_answer

router = APIRouter(tags=["payments"], route_class=KeyedRoute)
router.include_router(configs.router)
router.include_router(refunds.router)
callbacks = APIRouter(tags=["payments"])

Reader = Annotated[Caller, Depends(require("payment.read"))]
Capturer = Annotated[Caller, Depends(require("payment.capture"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/payment-attempts", summary="List payment attempts, newest first")
def get_attempts(
    caller: Reader, session: StoreSession, status: AttemptStatus | None = None, gateway: Gateway | None = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[Attempt]:
    """Return a page of the store's attempts, failed ones included."""
    wanted = queries.AttemptFilter(status=status, gateway=gateway)
    rows = queries.list_attempts(session, store_id=caller.store_id, wanted=wanted, after=read_moment(cursor),
                                 limit=limit + 1)
    return Page[Attempt](items=[attempt_answer(row) for row in rows[:limit]], next=next_of(rows, limit))


@router.get("/v1/orders/{order_id}/payment-attempts", summary="List an order's payment attempts, newest first")
def get_order_attempts(
    caller: Reader, session: StoreSession, order_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Attempt]:
    """Return a page of the order's attempts."""
    get_order(session, store_id=caller.store_id, order_id=order_id)
    rows = queries.list_attempts(session, store_id=caller.store_id, wanted=queries.AttemptFilter(order_id=order_id),
                                 after=read_moment(cursor), limit=limit + 1)
    return Page[Attempt](items=[attempt_answer(row) for row in rows[:limit]], next=next_of(rows, limit))


@router.get("/v1/payment-attempts/{attempt_id}", summary="Show a payment attempt")
def get_attempt(caller: Reader, session: StoreSession, attempt_id: UUID) -> Attempt:
    """Return an attempt with its balances."""
    return attempt_answer(queries.get_attempt(session, store_id=caller.store_id, attempt_id=attempt_id))


@router.post("/v1/payment-attempts/{attempt_id}/capture", summary="Capture an authorized payment, or record cash")
def post_capture(
    caller: Capturer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock,
    operation_id: OperationId, attempt_id: UUID, body: CaptureWish,
) -> Attempt:
    """Take the money, all or a part (a card's rest is released). For a manual payment: record that it came in.

    Without an answer from the gateway the attempt is `unknown`, and the gateway is asked within minutes.
    """
    with transactions() as session:
        attempt = queries.get_attempt(session, store_id=caller.store_id, attempt_id=attempt_id)
    if body.amount is not None and body.amount.currency != attempt.currency:
        raise RefundCurrencyMismatch(field="amount.currency", currency=attempt.currency)
    return attempt_answer(capture_payment(
        transactions, gateways=gateways, attempt_id=attempt_id, operation_id=operation_id, clock=clock,
        amount=body.amount.amount if body.amount else None))


@router.post("/v1/payment-attempts/{attempt_id}/void", summary="Let go of an authorized payment")
def post_void(
    caller: Capturer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock,
    attempt_id: UUID,
) -> Attempt:
    """Release money that is authorized and not captured, or stop expecting a manual payment."""
    return attempt_answer(void_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=clock))


async def read_raw(request: Request) -> bytes:
    """Return the body as it came: what is signed are its bytes."""
    return await request.body()


@callbacks.post("/v1/payment-callbacks/{callback_key}", status_code=204, summary="Hear what a gateway says",
                responses=refusals({400: "The callback is not signed as it should be, or can't be read.",
                                    404: "There is no account with this key.",
                                    409: "The account has no credentials.", 413: "The body is too large.",
                                    503: "The database can't be reached right now."}))
def post_callback(
    request: Request, database: CurrentDatabase, gateways: CurrentGateways, clock: CurrentClock,
    body: Annotated[bytes, Depends(read_raw)],
    callback_key: Annotated[str, Path(min_length=16, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")],
) -> None:
    """Take a webhook of a payment gateway. It needs no token: its signature says whose it is.

    Any number of times, in any order. What is not signed as it should is kept and answered with 400.
    """
    hear_callback(database, gateways=gateways, callback_key=callback_key, body=body, headers=dict(request.headers),
                  clock=clock)


router.include_router(callbacks)
