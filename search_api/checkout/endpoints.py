"""Checkout: what a cart costs, and placing the order."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from oltp.carts.queries import get_quote
from oltp.checkout.placing import Said, place_order
from oltp.checkout.quoting import make_quote, quote_cart, wish_of_cart
from oltp.checkout.reading import view_order
from oltp.checkout.trying import try_code
from search_api.checkout.schemas import (
    CodeCheckAnswer,
    CodeCheckBody,
    OrderBody,
    QuoteAnswer,
    QuoteBody,
    code_check_answer,
    quote_answer,
)
from search_api.dependencies import (
    Caller,
    CurrentClock,
    CurrentGateways,
    OperationId,
    StoreSession,
    StoreTransactions,
    require,
)
from search_api.etags import etag_of
from search_api.idempotency import KeyedRoute
from search_api.orders.schemas import OrderAnswer, order_answer

router = APIRouter(tags=["checkout"], route_class=KeyedRoute)

Asker = Annotated[Caller, Depends(require("cart.write"))]
Trier = Annotated[Caller, Depends(require("discount.apply"))]
Buyer = Annotated[Caller, Depends(require("checkout.place"))]


@router.post("/v1/quotes", status_code=201, summary="Ask what a cart, or a list of items, costs")
def post_quote(caller: Asker, session: StoreSession, clock: CurrentClock, body: QuoteBody) -> QuoteAnswer:
    """Price a cart or items, with promotions, shipping and tax. The quote holds until it expires."""
    if body.cart_id is not None:
        quote = quote_cart(session, store_id=caller.store_id, cart_id=body.cart_id, at=clock.now())
    else:
        quote = make_quote(session, store_id=caller.store_id, wish=body.wish(), at=clock.now())
    return quote_answer(quote)


@router.get("/v1/quotes/{quote_id}", summary="Read a quote with its trace")
def get_one_quote(caller: Asker, session: StoreSession, quote_id: UUID) -> QuoteAnswer:
    """Return a quote, also one that has expired, with the trace from which its total can be made again."""
    return quote_answer(get_quote(session, store_id=caller.store_id, quote_id=quote_id))


@router.post("/v1/discount-codes/check", summary="Ask what a code would take off a cart")
def post_code_check(
    caller: Trier, session: StoreSession, clock: CurrentClock, body: CodeCheckBody
) -> CodeCheckAnswer:
    """Price a cart or items with and without the code. Nothing is written, and no use is taken."""
    wish = wish_of_cart(session, store_id=caller.store_id, cart_id=body.cart_id) if body.cart_id else body.wish()
    return code_check_answer(
        try_code(session, store_id=caller.store_id, wish=wish, code=body.code, at=clock.now()))


@router.post("/v1/orders", status_code=201, summary="Place an order")
def post_order(
    caller: Buyer, transactions: StoreTransactions, gateways: CurrentGateways, clock: CurrentClock,
    operation: OperationId, body: OrderBody, response: Response,
) -> OrderAnswer:
    """Place the order of a quote, or of items at once. A quote is placed once: asked again, the same order is answered.

    A total that is not what was quoted (or expected) is refused with the difference. Look at the status: by card the
    order is PAID, PROCESSING (authorized), PAYMENT_FAILED (pay again), or PENDING while nobody knows.
    """
    order = place_order(
        transactions, gateways=gateways, quote_id=body.quote_id, wish=None if body.quote_id else body.wish(),
        payment=body.payment.choice(), operation_id=operation, clock=clock, said=Said(body.note, body.ip_address),
        expected_total=body.expected_total.amount if body.expected_total else None,
        expected_currency=body.expected_total.currency if body.expected_total else None)
    with transactions() as session:
        view = view_order(session, store_id=caller.store_id, order_id=order.id, known=order)
    response.headers["ETag"] = etag_of(view.order.updated_at)
    return order_answer(view)
