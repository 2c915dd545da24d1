"""Collections: made, changed, filled by hand or by rule, and put in order."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.merchandising import collections_actions, collections_members
from oltp.merchandising.collections_queries import get_collection, list_collections, list_members
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.merchandising.collection_schemas import (
    AddedProducts,
    CollectionAnswer,
    CollectionBody,
    CollectionChanges,
    Kind,
    MemberAnswer,
    ProductOrder,
    collection_answer,
    member_answer,
    new_collection,
)
from search_api.merchandising.cursors import read_place
from search_api.pages import MAX_LIMIT, Page, encode_cursor

router = APIRouter(tags=["merchandising"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("product.read"))]
Writer = Annotated[Caller, Depends(require("product.write"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/collections", summary="List collections by position")
def get_collections(
    caller: Reader, session: StoreSession, kind: Kind | None = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[CollectionAnswer]:
    """Return a page of the store's collections, those that are not published included."""
    rows = list_collections(
        session, store_id=caller.store_id, limit=limit + 1, after=read_place(cursor), kind=kind)
    more = encode_cursor([str(rows[limit - 1].position), str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[CollectionAnswer](items=[collection_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/collections", status_code=201, summary="Make a collection")
def post_collection(
    body: CollectionBody, caller: Writer, session: StoreSession, clock: CurrentClock, response: Response,
) -> CollectionAnswer:
    """Make a collection. One by rule is filled at once and follows products, prices and stock from then on."""
    made = collections_actions.create_collection(
        session, store_id=caller.store_id, new=new_collection(body), clock=clock)
    return _answer(session, caller=caller, collection_id=made.id, response=response)


@router.get("/v1/collections/{collection_id}", summary="Read a collection")
def get_one_collection(
    collection_id: UUID, caller: Reader, session: StoreSession, response: Response,
) -> CollectionAnswer:
    """Return a collection and how many products are in it."""
    return _answer(session, caller=caller, collection_id=collection_id, response=response)


@router.patch("/v1/collections/{collection_id}", summary="Change a collection")
def patch_collection(
    collection_id: UUID, body: CollectionChanges, caller: Writer, session: StoreSession, clock: CurrentClock,
    expected: IfMatch, response: Response,
) -> CollectionAnswer:
    """Change the given fields. With another rule it is filled anew; a rule for a collection by hand is refused."""
    collections_actions.update_collection(
        session, store_id=caller.store_id, collection_id=collection_id, clock=clock, expected_updated_at=expected,
        changes=body.model_dump(mode="json", exclude_unset=True))
    return _answer(session, caller=caller, collection_id=collection_id, response=response)


@router.delete("/v1/collections/{collection_id}", status_code=204, summary="Delete a collection")
def delete_collection(
    collection_id: UUID, caller: Writer, session: StoreSession, clock: CurrentClock, expected: IfMatch,
) -> None:
    """Delete a collection; its products stay."""
    collections_actions.delete_collection(
        session, store_id=caller.store_id, collection_id=collection_id, clock=clock, expected_updated_at=expected)


@router.get("/v1/collections/{collection_id}/products", summary="List what is in a collection, in its order")
def get_members(
    collection_id: UUID, caller: Reader, session: StoreSession, limit: Limit = 20, cursor: Cursor = None,
) -> Page[MemberAnswer]:
    """Return a page of the products in a collection, whatever their state; what buyers see is /v1/products."""
    get_collection(session, store_id=caller.store_id, collection_id=collection_id)
    rows = list_members(
        session, store_id=caller.store_id, collection_id=collection_id, limit=limit + 1, after=read_place(cursor))
    more = None
    if len(rows) > limit:
        more = encode_cursor([str(rows[limit - 1].position), str(rows[limit - 1].product_id)])
    return Page[MemberAnswer](items=[member_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/collections/{collection_id}/products", status_code=201, summary="Put products into a collection")
def post_members(
    collection_id: UUID, body: AddedProducts, caller: Writer, session: StoreSession, clock: CurrentClock,
    response: Response,
) -> CollectionAnswer:
    """Put products at the end of a collection by hand; those that are in it keep their place."""
    collections_members.add_products(
        session, store_id=caller.store_id, collection_id=collection_id, product_ids=body.product_ids, clock=clock)
    return _answer(session, caller=caller, collection_id=collection_id, response=response)


@router.put("/v1/collections/{collection_id}/products", summary="Put a collection in order")
def put_order(
    collection_id: UUID, body: ProductOrder, caller: Writer, session: StoreSession, clock: CurrentClock,
    expected: IfMatch, response: Response,
) -> CollectionAnswer:
    """Give the products of a collection by hand a new order, all at once; the list names each of them once."""
    collections_members.order_products(
        session, store_id=caller.store_id, collection_id=collection_id, product_ids=body.product_ids, clock=clock,
        expected_updated_at=expected)
    return _answer(session, caller=caller, collection_id=collection_id, response=response)


@router.delete(
    "/v1/collections/{collection_id}/products/{product_id}", status_code=204,
    summary="Take a product out of a collection")
def delete_member(
    collection_id: UUID, product_id: UUID, caller: Writer, session: StoreSession, clock: CurrentClock,
) -> None:
    """Take a product out of a collection by hand; the others keep their order."""
    collections_members.remove_product(
        session, store_id=caller.store_id, collection_id=collection_id, product_id=product_id, clock=clock)


def _answer(session: StoreSession, *, caller: Caller, collection_id: UUID, response: Response) -> CollectionAnswer:
    found = get_collection(session, store_id=caller.store_id, collection_id=collection_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return collection_answer(found)
