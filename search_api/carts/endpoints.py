"""Carts: filled and changed here; what one costs is said by a quote."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from oltp.carts import actions
from oltp.carts.models import Cart
from oltp.carts.queries import CartFilter, get_cart, list_cart_items, list_carts
from search_api.carts.schemas import (
    CartAnswer,
    CartChanges,
    CartStatus,
    ItemChanges,
    NewCart,
    NewItems,
    cart_answer,
    new_items,
)
from search_api.cursors import moment_place, read_moment
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor

router = APIRouter(tags=["carts"], route_class=KeyedRoute)

Writer = Annotated[Caller, Depends(require("cart.write"))]


@router.get("/v1/carts", summary="List carts, last changed first")
def get_carts(
    caller: Writer, session: StoreSession, status: CartStatus | None = None, customer_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
) -> Page[CartAnswer]:
    """Return a page of the store's carts with their items."""
    rows = list_carts(session, store_id=caller.store_id, wanted=CartFilter(status, customer_id), limit=limit + 1,
                      before=read_moment(cursor))
    page = rows[:limit]
    items = list_cart_items(session, store_id=caller.store_id, cart_ids=[cart.id for cart in page])
    more = encode_cursor(moment_place(page[-1].updated_at, page[-1].id)) if len(rows) > limit else None
    return Page[CartAnswer](items=[cart_answer(cart, items) for cart in page], next=more)


@router.post("/v1/carts", status_code=201, summary="Make a cart")
def post_cart(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: NewCart, response: Response
) -> CartAnswer:
    """Make a cart, with its first items if there are any."""
    cart = actions.create_cart(
        session, store_id=caller.store_id, currency=body.currency, items=new_items(body.items), fields=body.fields(),
        clock=clock)
    return _answer(session, cart=cart, response=response)


@router.get("/v1/carts/{cart_id}", summary="Read a cart")
def get_one_cart(caller: Writer, session: StoreSession, cart_id: UUID, response: Response) -> CartAnswer:
    """Return a cart with its items, and its ETag."""
    cart = get_cart(session, store_id=caller.store_id, cart_id=cart_id)
    return _answer(session, cart=cart, response=response)


@router.patch("/v1/carts/{cart_id}", summary="Change a cart")
def patch_cart(
    caller: Writer, session: StoreSession, clock: CurrentClock, cart_id: UUID, body: CartChanges, expected: IfMatch,
    response: Response,
) -> CartAnswer:
    """Change whose it is, its currency, its codes or where it goes."""
    cart = actions.change_cart(session, store_id=caller.store_id, cart_id=cart_id, fields=body.fields(), clock=clock,
                               expected_updated_at=expected)
    return _answer(session, cart=cart, response=response)


@router.delete("/v1/carts/{cart_id}", status_code=204, summary="Delete a cart")
def delete_cart(caller: Writer, session: StoreSession, cart_id: UUID, expected: IfMatch) -> None:
    """Throw a cart away. Its quotes stay, and so does an order that was made of it."""
    actions.delete_cart(session, store_id=caller.store_id, cart_id=cart_id, expected_updated_at=expected)


@router.post("/v1/carts/{cart_id}/items", status_code=201, summary="Put items into a cart")
def post_items(
    caller: Writer, session: StoreSession, clock: CurrentClock, cart_id: UUID, body: NewItems, expected: IfMatch,
    response: Response,
) -> CartAnswer:
    """Put items into a cart, each on a line of its own; stock is looked at when it is ordered."""
    cart = actions.add_items(session, store_id=caller.store_id, cart_id=cart_id, items=new_items(body.items),
                             clock=clock, expected_updated_at=expected)
    return _answer(session, cart=cart, response=response)


@router.patch("/v1/carts/{cart_id}/items/{item_id}", summary="Change how many of an item are wanted")
def patch_item(
    caller: Writer, session: StoreSession, clock: CurrentClock, cart_id: UUID, item_id: UUID, body: ItemChanges,
    expected: IfMatch, response: Response,
) -> CartAnswer:
    """Change an item's quantity."""
    cart = actions.change_item(session, store_id=caller.store_id, cart_id=cart_id, item_id=item_id,
                               quantity=body.quantity, clock=clock, expected_updated_at=expected)
    return _answer(session, cart=cart, response=response)


@router.delete("/v1/carts/{cart_id}/items/{item_id}", status_code=204, summary="Take an item out of a cart")
def delete_item(
    caller: Writer, session: StoreSession, clock: CurrentClock, cart_id: UUID, item_id: UUID, expected: IfMatch
) -> None:
    """Take an item out."""
    actions.remove_item(session, store_id=caller.store_id, cart_id=cart_id, item_id=item_id, clock=clock,
                        expected_updated_at=expected)


def _answer(session: Session, *, cart: Cart, response: Response) -> CartAnswer:
    response.headers["ETag"] = etag_of(cart.updated_at)
    return cart_answer(cart, list_cart_items(session, store_id=cart.store_id, cart_ids=[cart.id]))
