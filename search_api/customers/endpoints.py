"""Customers: who they are, their segments and what a store keeps about them; segments and fields in their own files."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.customers.editing import create_customer, delete_customer, update_customer
from oltp.customers.models import Customer
from oltp.customers.queries import CustomerFilter, get_customer, list_customers
from search_api.cursors import Cursor, Limit, moment_place, page_of, read_moment
from search_api.customers import fields, segments
from search_api.customers.schemas import CustomerChanges, CustomerItem, NewCustomer, customer_answer
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page
from search_api.schemas import Line

router = APIRouter(tags=["customers"], route_class=KeyedRoute)
router.include_router(segments.router)
router.include_router(fields.router)

Reader = Annotated[Caller, Depends(require("customer.read"))]
Writer = Annotated[Caller, Depends(require("customer.write"))]


@router.get("/v1/customers", summary="List customers, newest first")
def get_customers(
    caller: Reader, session: StoreSession,
    search: Annotated[Line | None, Query(description="Part of the e-mail, name or phone.")] = None,
    email: Annotated[Line | None, Query(description="The whole e-mail, in any case.")] = None,
    accepts_marketing: bool | None = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[CustomerItem]:
    """Return a page of the store's customers."""
    rows = list_customers(
        session, store_id=caller.store_id, wanted=CustomerFilter(search, accepts_marketing, email),
        after=read_moment(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=customer_answer, place=lambda row: moment_place(row.created_at, row.id))


@router.post("/v1/customers", status_code=201, summary="Add a customer")
def post_customer(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: NewCustomer, response: Response
) -> CustomerItem:
    """Add a customer; opting in to marketing is dated."""
    return _answer(response, create_customer(
        session, store_id=caller.store_id, email=body.email, first_name=body.first_name, last_name=body.last_name,
        phone=body.phone, accepts_marketing=body.accepts_marketing, clock=clock))


@router.get("/v1/customers/{customer_id}", summary="Read a customer")
def get_one(caller: Reader, session: StoreSession, customer_id: UUID, response: Response) -> CustomerItem:
    """Return a customer, with the ETag."""
    return _answer(response, get_customer(session, store_id=caller.store_id, customer_id=customer_id))


@router.patch("/v1/customers/{customer_id}", summary="Change a customer")
def patch_customer(
    caller: Writer, session: StoreSession, clock: CurrentClock, customer_id: UUID, body: CustomerChanges,
    expected: IfMatch, response: Response,
) -> CustomerItem:
    """Change some fields of a customer."""
    return _answer(response, update_customer(
        session, store_id=caller.store_id, customer_id=customer_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock))


@router.delete("/v1/customers/{customer_id}", status_code=204, summary="Delete a customer")
def delete_one(
    caller: Writer, session: StoreSession, clock: CurrentClock, customer_id: UUID, expected: IfMatch
) -> None:
    """Hide a customer; the orders stay, and the e-mail is free again."""
    delete_customer(session, store_id=caller.store_id, customer_id=customer_id, expected_updated_at=expected,
                    clock=clock)


def _answer(response: Response, customer: Customer) -> CustomerItem:
    response.headers["ETag"] = etag_of(customer.updated_at)
    return customer_answer(customer)
