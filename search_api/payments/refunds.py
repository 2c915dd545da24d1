"""Refunds."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from oltp.checkout.refunds import refund_order
from oltp.orders.queries import get_order
from oltp.payments import queries
from oltp.payments.errors import RefundCurrencyMismatch
from oltp.payments.models import Refund
from search_api.cursors import read_moment
from search_api.dependencies import (
    Caller,
    CurrentClock,
    CurrentGateways,
    OperationId,
    StoreSession,
    StoreTransactions,
    require,
)
from search_api.idempotency import KeyedRoute
from search_api.money import Money
from search_api.pages import MAX_LIMIT, Page
from search_api.payments.cursors import next_of
from search_api.payments.schemas import NewRefund, RefundAnswer, RefundStatus, refund_answer

router = APIRouter(tags=["payments"], route_class=KeyedRoute)
Reader = Annotated[Caller, Depends(require("payment.read"))]
Refunder = Annotated[Caller, Depends(require("order.refund"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/refunds", summary="List refunds, newest first")
def get_refunds(
    caller: Reader, session: StoreSession, status: RefundStatus | None = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[RefundAnswer]:
    """Return a page of the store's refunds."""
    rows = queries.list_refunds(session, store_id=caller.store_id, order_id=None, status=status,
                                after=read_moment(cursor), limit=limit + 1)
    return _page(session, caller=caller, rows=rows, limit=limit)


@router.get("/v1/orders/{order_id}/refunds", summary="List an order's refunds, newest first")
def get_order_refunds(
    caller: Reader, session: StoreSession, order_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[RefundAnswer]:
    """Return a page of the order's refunds."""
    get_order(session, store_id=caller.store_id, order_id=order_id)
    rows = queries.list_refunds(session, store_id=caller.store_id, order_id=order_id, status=None,
                                after=read_moment(cursor), limit=limit + 1)
    return _page(session, caller=caller, rows=rows, limit=limit)


@router.post("/v1/orders/{order_id}/refunds", status_code=201, summary="Refund units, shipping, or an amount")
def post_refund(
    caller: Refunder, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock,
    operation_id: OperationId, order_id: UUID, body: NewRefund,
) -> RefundAnswer:
    """Give money back. Units are refunded up to what is left of what was paid (`wanted` says so); an amount that is
    too large is refused. Without an answer from the gateway the refund is `pending`, and is asked again.
    """
    amounts = [body.amount, body.shipping_amount]
    with transactions() as session:
        order = get_order(session, store_id=caller.store_id, order_id=order_id)
        _check_currency(amounts, order.currency)
    refund = refund_order(
        transactions, gateways=gateways, order_id=order_id, refund_id=operation_id, clock=clock, reason=body.reason,
        items={each.order_item_id: each.quantity for each in body.items},
        amount=body.amount.amount if body.amount else None, restock=body.restock,
        shipping=body.shipping_amount.amount if body.shipping_amount else body.shipping)
    with transactions() as session:
        parts = queries.list_refund_items(session, store_id=caller.store_id, refund_ids=[refund.id])
    return refund_answer(refund, parts[refund.id])


def _check_currency(amounts: Sequence[Money | None], currency: str) -> None:
    if any(each is not None and each.currency != currency for each in amounts):
        raise RefundCurrencyMismatch(field="amount.currency", currency=currency)


def _page(session: Session, *, caller: Caller, rows: Sequence[Refund], limit: int) -> Page[RefundAnswer]:
    shown = rows[:limit]
    parts = queries.list_refund_items(session, store_id=caller.store_id, refund_ids=[row.id for row in shown])
    return Page[RefundAnswer](items=[refund_answer(row, parts[row.id]) for row in shown], next=next_of(rows, limit))
