"""Orders that move stock or money: transitions, cancelling, paying again. Several short transactions each."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from oltp.checkout.cancelling import cancel_items, cancel_order, remove_order
from oltp.checkout.moving import move_order
from oltp.checkout.paying import pay_order
from oltp.checkout.reading import view_order
from oltp.db.transactions import Transactions
from search_api.dependencies import (
    Caller,
    CurrentClock,
    CurrentGateways,
    OperationId,
    StoreTransactions,
    require,
)
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.orders.bodies import Cancellation, ItemsCancellation, PaymentBody, Transition
from search_api.orders.schemas import OrderAnswer, order_answer

router = APIRouter(tags=["orders"], route_class=KeyedRoute)

Writer = Annotated[Caller, Depends(require("order.write"))]
Buyer = Annotated[Caller, Depends(require("checkout.place"))]


@router.post("/v1/orders/{order_id}/transitions", summary="Move an order to another state")
def post_transition(
    caller: Writer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock, order_id: UUID,
    body: Transition, response: Response,
) -> OrderAnswer:
    """Move an order by hand: stock and money move with it, or the step is refused. Tracking and note may ride along."""
    move_order(transactions, gateways=gateways, order_id=order_id, to=body.to, clock=clock, changes=body.changes(),
               reason=body.reason)
    return _answer(transactions, order_id, response)


@router.post("/v1/orders/{order_id}/cancel", summary="Cancel an order")
def post_cancel(
    caller: Writer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock, order_id: UUID,
    body: Cancellation, response: Response,
) -> OrderAnswer:
    """Cancel an order that has not been sent: stock and promotions are free again, its money goes back."""
    cancel_order(transactions, gateways=gateways, order_id=order_id, clock=clock, reason=body.reason)
    return _answer(transactions, order_id, response)


@router.post("/v1/orders/{order_id}/items/cancel", summary="Cancel units of an order")
def post_items_cancel(
    caller: Writer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock, order_id: UUID,
    body: ItemsCancellation, operation: OperationId, response: Response,
) -> OrderAnswer:
    """Cancel units that have not been sent. Paid ones are refunded; no other line changes."""
    cancel_items(transactions, gateways=gateways, order_id=order_id, quantities=body.quantities(),
                 operation_id=operation, clock=clock, reason=body.reason)
    return _answer(transactions, order_id, response)


@router.post("/v1/orders/{order_id}/payments", summary="Pay an order again")
def post_payment(
    caller: Buyer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock, order_id: UUID,
    body: PaymentBody, response: Response,
) -> OrderAnswer:
    """Try once more to pay an order that waits for money: a new attempt on the same order."""
    pay_order(transactions, gateways=gateways, order_id=order_id, payment=body.choice(), clock=clock)
    return _answer(transactions, order_id, response)


@router.delete("/v1/orders/{order_id}", status_code=204, summary="Delete an order")
def delete_order(
    caller: Writer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock, order_id: UUID,
    expected: IfMatch,
) -> None:
    """Hide a cancelled order from every list. One that is PENDING is cancelled first, with its stock and its money."""
    remove_order(transactions, gateways=gateways, order_id=order_id, clock=clock, expected_updated_at=expected)


def _answer(transactions: Transactions, order_id: UUID, response: Response) -> OrderAnswer:
    with transactions() as session:
        view = view_order(session, store_id=transactions.store_id, order_id=order_id)
    response.headers["ETag"] = etag_of(view.order.updated_at)
    return order_answer(view)
