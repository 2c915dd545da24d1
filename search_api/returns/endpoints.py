"""Returns: asked for, decided on, received, inspected, and the money given back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from oltp.returns import actions, queries, refunding
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, CurrentGateways, StoreSession, StoreTransactions, require
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.returns.schemas import InspectionBody, NewReturn, Rejection, Return, Status, return_answer

router = APIRouter(tags=["returns"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("order.read"))]
Manager = Annotated[Caller, Depends(require("return.manage"))]


@router.get("/v1/returns", summary="List returns, newest first")
def get_returns(
    caller: Reader, session: StoreSession, order_id: UUID | None = None, status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
) -> Page[Return]:
    """Return a page of the store's returns; of one order or one status, if wanted."""
    rows = queries.list_returns(
        session, store_id=caller.store_id, wanted=queries.ReturnFilter(order_id, status), after=read_id(cursor),
        limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].request.id)]) if len(rows) > limit else None
    return Page[Return](items=[return_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/returns", status_code=201, summary="Ask for units of an order to be taken back")
def post_return(
    caller: Annotated[Caller, Depends(require("return.write"))], session: StoreSession, clock: CurrentClock,
    body: NewReturn,
) -> Return:
    """Ask for a return. Refused: more than has been sent and not come back."""
    made = actions.request_return(session, store_id=caller.store_id, wish=body.wish(), clock=clock)
    return _answer(session, caller=caller, return_id=made.id)


@router.get("/v1/returns/{return_id}", summary="Read a return")
def get_return(caller: Reader, session: StoreSession, return_id: UUID) -> Return:
    """Return a return with its items."""
    return _answer(session, caller=caller, return_id=return_id)


@router.post("/v1/returns/{return_id}/approve", summary="Let the goods be sent back")
def approve(caller: Manager, session: StoreSession, clock: CurrentClock, return_id: UUID) -> Return:
    """Move it from requested to approved."""
    actions.approve_return(session, store_id=caller.store_id, return_id=return_id, clock=clock)
    return _answer(session, caller=caller, return_id=return_id)


@router.post("/v1/returns/{return_id}/reject", summary="Reject a return")
def reject(
    caller: Manager, session: StoreSession, clock: CurrentClock, return_id: UUID, body: Rejection
) -> Return:
    """Reject it before it is received, or after it was inspected; its units can be asked for anew."""
    actions.reject_return(session, store_id=caller.store_id, return_id=return_id, reason=body.reason, clock=clock)
    return _answer(session, caller=caller, return_id=return_id)


@router.post("/v1/returns/{return_id}/receive", summary="Note that the goods are here")
def receive(caller: Manager, session: StoreSession, clock: CurrentClock, return_id: UUID) -> Return:
    """Move it from approved to received."""
    actions.receive_return(session, store_id=caller.store_id, return_id=return_id, clock=clock)
    return _answer(session, caller=caller, return_id=return_id)


@router.post("/v1/returns/{return_id}/inspect", summary="Note in which condition the goods are")
def inspect(
    caller: Manager, session: StoreSession, clock: CurrentClock, return_id: UUID, body: InspectionBody
) -> Return:
    """Name every item of the return once; the condition decides whether it is sold again, unless `outcome` does."""
    actions.inspect_return(session, store_id=caller.store_id, return_id=return_id, found=body.found(), clock=clock)
    return _answer(session, caller=caller, return_id=return_id)


@router.post("/v1/returns/{return_id}/refund", summary="Give the money of a return back")
def refund(
    caller: Annotated[Caller, Depends(require("order.refund"))], transactions: StoreTransactions,
    gateways: CurrentGateways, clock: CurrentClock, return_id: UUID,
) -> Return:
    """Give back what an inspected return's units cost, and put on the shelf what can be sold again.

    Asked again, it is done once. While the gateway has not confirmed it, 409; the return goes on by itself then.
    """
    refunding.refund_return(transactions, gateways=gateways, return_id=return_id, clock=clock)
    with transactions() as session:
        return _answer(session, caller=caller, return_id=return_id)


def _answer(session: Session, *, caller: Caller, return_id: UUID) -> Return:
    return return_answer(queries.get_return(session, store_id=caller.store_id, return_id=return_id))
