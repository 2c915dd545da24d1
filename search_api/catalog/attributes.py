"""Attributes, and the values that products have of them."""

from uuid import UUID

from fastapi import APIRouter, Response

from oltp.catalog import attributes, queries
from search_api.catalog.callers import Cursor, Limit, Reader, Writer, read_text
from search_api.catalog.schemas_tree import (
    Attribute,
    AttributeBody,
    AttributeChanges,
    AttributeValue,
    ValuesBody,
    attribute_answer,
    value_answer,
)
from search_api.cursors import read_id
from search_api.dependencies import CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)
_VALUES = "/v1/products/{product_id}/attributes"


@router.get("/v1/attributes", summary="List attributes by name")
def get_attributes(
    caller: Reader, session: StoreSession, limit: Limit = 20, cursor: Cursor = None
) -> Page[Attribute]:
    """Return a page of the store's attributes."""
    rows = queries.list_attributes(session, store_id=caller.store_id, after=read_text(cursor), limit=limit + 1)
    more = encode_cursor([rows[limit - 1].name]) if len(rows) > limit else None
    return Page[Attribute](items=[attribute_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/attributes", status_code=201, summary="Make an attribute")
def post_attribute(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: AttributeBody, response: Response
) -> Attribute:
    """Make an attribute with the values that products may have of it."""
    made = attributes.create_attribute(
        session, store_id=caller.store_id, name=body.name, values=body.values, clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return attribute_answer(made)


@router.get("/v1/attributes/{attribute_id}", summary="Read an attribute")
def get_attribute(caller: Reader, session: StoreSession, attribute_id: UUID, response: Response) -> Attribute:
    """Return an attribute, with its ETag."""
    found = queries.get_attribute(session, store_id=caller.store_id, attribute_id=attribute_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return attribute_answer(found)


@router.patch("/v1/attributes/{attribute_id}", summary="Change an attribute")
def patch_attribute(
    caller: Writer, session: StoreSession, clock: CurrentClock, attribute_id: UUID, body: AttributeChanges,
    expected: IfMatch, response: Response,
) -> Attribute:
    """Rename it, or change its allowed values; a value that products have must stay."""
    changed = attributes.update_attribute(
        session, store_id=caller.store_id, attribute_id=attribute_id, name=body.name, values=body.values,
        expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return attribute_answer(changed)


@router.delete("/v1/attributes/{attribute_id}", status_code=204, summary="Delete an attribute")
def delete_attribute(
    caller: Writer, session: StoreSession, clock: CurrentClock, attribute_id: UUID, expected: IfMatch
) -> None:
    """Delete an attribute that no product has a value of."""
    attributes.delete_attribute(
        session, store_id=caller.store_id, attribute_id=attribute_id, expected_updated_at=expected, clock=clock)


@router.get(_VALUES, summary="List a product's attribute values")
def get_values(
    caller: Reader, session: StoreSession, product_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[AttributeValue]:
    """Return a page of the values that the product has."""
    rows = queries.list_product_values(
        session, store_id=caller.store_id, product_id=product_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[AttributeValue](items=[value_answer(row) for row in rows[:limit]], next=more)


@router.put(_VALUES, summary="Set a product's attribute values")
def put_values(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, body: ValuesBody,
    expected: IfMatch, response: Response,
) -> list[AttributeValue]:
    """Make these all the values that the product has. If-Match is the product's ETag; so is the answer's."""
    attributes.set_product_values(
        session, store_id=caller.store_id, product_id=product_id, wanted=[each.wanted() for each in body.values],
        expected_updated_at=expected, clock=clock)
    rows = queries.list_product_values(
        session, store_id=caller.store_id, product_id=product_id, after=None, limit=len(body.values))
    product = queries.get_product(session, store_id=caller.store_id, product_id=product_id)
    response.headers["ETag"] = etag_of(product.updated_at)
    return [value_answer(row) for row in rows]
