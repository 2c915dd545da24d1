"""Orders: read, edited, moved, held; what moves stock or money stands beside it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from oltp.checkout.reading import OrderView, read_invoice, view_order
from oltp.orders import actions
from oltp.orders.queries import OrderFilter, Sort, list_orders
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.orders import moves
from search_api.orders.bodies import Hold, OrderPatch
from search_api.orders.schemas import (
    InvoiceAnswer,
    ListedOrder,
    OrderAnswer,
    OrderStatus,
    PaymentStatus,
    invoice_answer,
    listed_order,
    order_answer,
)
from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["orders"], route_class=KeyedRoute)
router.include_router(moves.router)

Reader = Annotated[Caller, Depends(require("order.read"))]
Writer = Annotated[Caller, Depends(require("order.write"))]


@router.get("/v1/orders", summary="List orders, newest first")
def get_orders(
    caller: Reader, session: StoreSession, status: OrderStatus | None = None,
    payment_status: PaymentStatus | None = None, customer_id: UUID | None = None,
    placed_from: AwareDatetime | None = None, placed_before: AwareDatetime | None = None,
    search: Annotated[str | None, Query(
        min_length=1, max_length=100, description="In the number, the customer's name or e-mail.")] = None,
    sort: Sort = "-created_at", limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
) -> Page[ListedOrder]:
    """Return a page of the store's orders that are not deleted."""
    wanted = OrderFilter(status, customer_id, payment_status, placed_from, placed_before, search)
    after = None if cursor is None else _read_cursor(cursor, sort)
    rows = list_orders(session, store_id=caller.store_id, wanted=wanted, after=after, limit=limit + 1, sort=sort)
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]
        more = encode_cursor([sort, _written(last, sort), str(last.id)])
    return Page[ListedOrder](items=[listed_order(row) for row in rows[:limit]], next=more)


@router.get("/v1/orders/{order_id}", summary="Read an order")
def get_one_order(caller: Reader, session: StoreSession, order_id: UUID, response: Response) -> OrderAnswer:
    """Return an order with its lines, its discounts and how its money stands, and its ETag."""
    return _answer(view_order(session, store_id=caller.store_id, order_id=order_id), response)


@router.get("/v1/orders/{order_id}/invoice", summary="Read what an order's invoice says")
def get_invoice(caller: Reader, session: StoreSession, order_id: UUID) -> InvoiceAnswer:
    """Return seller, buyer, addresses, lines and totals, as they were on the day of the order."""
    return invoice_answer(read_invoice(session, store_id=caller.store_id, order_id=order_id))


@router.patch("/v1/orders/{order_id}", summary="Change an order's notes, tracking or addresses")
def patch_order(
    caller: Writer, session: StoreSession, clock: CurrentClock, order_id: UUID, body: OrderPatch, expected: IfMatch,
    response: Response,
) -> OrderAnswer:
    """Change what people note. The shipping address is fixed once the goods have left."""
    actions.change_order(session, store_id=caller.store_id, order_id=order_id, changes=body.changes(), clock=clock,
                         expected_updated_at=expected)
    return _answer(view_order(session, store_id=caller.store_id, order_id=order_id), response)


@router.post("/v1/orders/{order_id}/hold", summary="Hold an order")
def post_hold(
    caller: Writer, session: StoreSession, clock: CurrentClock, order_id: UUID, body: Hold, response: Response
) -> OrderAnswer:
    """Hold an order: nothing of it is captured or sent before it is released."""
    actions.hold(session, store_id=caller.store_id, order_id=order_id, reason=body.reason, clock=clock)
    return _answer(view_order(session, store_id=caller.store_id, order_id=order_id), response)


@router.post("/v1/orders/{order_id}/release", summary="Release a held order")
def post_release(
    caller: Writer, session: StoreSession, clock: CurrentClock, order_id: UUID, response: Response
) -> OrderAnswer:
    """Release a held order; one that is not held stays as it is."""
    actions.release(session, store_id=caller.store_id, order_id=order_id, clock=clock)
    return _answer(view_order(session, store_id=caller.store_id, order_id=order_id), response)


def _answer(view: OrderView, response: Response) -> OrderAnswer:
    response.headers["ETag"] = etag_of(view.order.updated_at)
    return order_answer(view)


def _written(row: Any, sort: Sort) -> str:  # noqa: ANN401 - a row of orders, or what stands for one
    value = {"created_at": row.created_at, "total_amount": row.order_total_amount,
             "order_number": row.order_number}[sort.removeprefix("-")]
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read_cursor(cursor: str, sort: Sort) -> tuple[Any, UUID]:
    """Return the place a cursor stands for; a cursor of another order is refused like any that nobody gave out."""
    kind, value, last = decode_cursor(cursor, length=3)
    try:
        key = UUID(last)
        if kind != sort or "\x00" in value:
            raise ValueError(kind)
        if sort.endswith("created_at"):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError(value)
            return moment, key
        return (value if sort.endswith("order_number") else _amount(value)), key
    except ValueError:
        raise InvalidCursor(field="cursor") from None


def _amount(value: str) -> int:
    amount = int(value) if len(value) <= 19 else 2**63
    if not -(2**63) <= amount < 2**63:
        raise ValueError(value)
    return amount
