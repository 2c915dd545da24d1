"""Customer segments: their rules, their members by hand, and the spells of everybody in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from oltp.customers.segment_models import CustomerSegment, CustomerSegmentMember
from oltp.customers.segment_queries import (
    count_members,
    get_segment,
    list_members,
    list_segments,
    list_spells_of_customer,
)
from oltp.customers.segment_rules import Rule
from oltp.customers.segments import change_members, create_segment, delete_segment, update_segment
from search_api.cursors import Cursor, Limit, moment_place, page_of, read_id, read_moment
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page
from search_api.schemas import Body, Line, Text

router = APIRouter(tags=["customers"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("customer.read"))]
Manager = Annotated[Caller, Depends(require("customer.segment.manage"))]
Name = Annotated[Line, Field(max_length=200)]
Slug = Annotated[str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
History = Annotated[bool, Query(description="Spells that have ended too.")]
_RULE: JsonValue = {"type": "all", "rules": [
    {"type": "total_spent", "at_least": 50000, "currency": "USD"}, {"type": "country", "countries": ["US", "CA"]}]}


class NewSegment(Body):
    """A segment to be made: with a rule, or without one to be filled by hand."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Big spenders", "rule": _RULE}]})

    name: Name
    slug: Slug | None = Field(default=None, description="Made from the name where it is left out.")
    description: Text | None = None
    rule: Rule | None = None


class SegmentChanges(Body):
    """Fields of a segment to be changed; what is left out or null stays, but a description can be taken away."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rule": _RULE}]})

    name: Name | None = None
    slug: Slug | None = None
    description: Text | None = None
    rule: Rule | None = None

    def changes(self) -> dict[str, Any]:
        """Return what is to be changed."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in given.items() if value is not None or name == "description"}


class Members(Body):
    """Customers to be put into a segment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "customer_ids": ["019abf2e-0000-7000-8000-000000000001"]}]})

    customer_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class Segment(BaseModel):
    """A segment and how many are in it now."""

    id: UUID
    name: str
    slug: str
    description: str | None
    kind: Literal["manual", "rule"]
    rule: dict[str, Any] | None
    member_count: int
    created_at: datetime
    updated_at: datetime


class Spell(BaseModel):
    """One stay of a customer in a segment; the open one has no end."""

    id: UUID
    segment_id: UUID
    customer_id: UUID
    joined_at: datetime
    left_at: datetime | None


class Changed(BaseModel):
    """How many customers joined or left."""

    changed_count: int


@router.get("/v1/customer-segments", summary="List customer segments, oldest first")
def get_segments(caller: Reader, session: StoreSession, limit: Limit = 20, cursor: Cursor = None) -> Page[Segment]:
    """Return a page of the store's segments."""
    rows = list_segments(session, store_id=caller.store_id, after=read_id(cursor), limit=limit + 1)
    counts = count_members(session, store_id=caller.store_id, segment_ids=[row.id for row in rows])
    return page_of(rows, limit=limit, item=lambda row: _segment(row, counts), place=lambda row: [str(row.id)])


@router.post("/v1/customer-segments", status_code=201, summary="Make a customer segment")
def post_segment(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: NewSegment, response: Response
) -> Segment:
    """Make a segment. Its rule is looked at by the worker, customer by customer."""
    made = create_segment(session, store_id=caller.store_id, name=body.name, slug=body.slug,
                          description=body.description, rule=body.rule, clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return _segment(made, {})


@router.get("/v1/customer-segments/{segment_id}", summary="Read a customer segment")
def get_one(caller: Reader, session: StoreSession, segment_id: UUID, response: Response) -> Segment:
    """Return a segment, with its ETag."""
    found = get_segment(session, store_id=caller.store_id, segment_id=segment_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return _segment(found, count_members(session, store_id=caller.store_id, segment_ids=[segment_id]))


@router.patch("/v1/customer-segments/{segment_id}", summary="Change a customer segment")
def patch_segment(
    caller: Manager, session: StoreSession, clock: CurrentClock, segment_id: UUID, body: SegmentChanges,
    expected: IfMatch, response: Response,
) -> Segment:
    """Change some fields; after a new rule customers join and leave as the worker gets to them."""
    changed = update_segment(session, store_id=caller.store_id, segment_id=segment_id, changes=body.changes(),
                             expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return _segment(changed, count_members(session, store_id=caller.store_id, segment_ids=[segment_id]))


@router.delete("/v1/customer-segments/{segment_id}", status_code=204, summary="Delete a customer segment")
def delete_one(
    caller: Manager, session: StoreSession, clock: CurrentClock, segment_id: UUID, expected: IfMatch
) -> None:
    """Delete a segment; who was in it when stays known."""
    delete_segment(session, store_id=caller.store_id, segment_id=segment_id, expected_updated_at=expected, clock=clock)


@router.get("/v1/customer-segments/{segment_id}/members", summary="List who is in a segment, newest first")
def get_members(
    caller: Reader, session: StoreSession, segment_id: UUID, history: History = False, limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[Spell]:
    """Return a page of the segment's spells."""
    rows = list_members(session, store_id=caller.store_id, segment_id=segment_id, has_history=history,
                        after=read_moment(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=_spell, place=lambda row: moment_place(row.joined_at, row.id))


@router.post("/v1/customer-segments/{segment_id}/members", summary="Put customers into a segment by hand")
def post_members(
    caller: Manager, session: StoreSession, clock: CurrentClock, segment_id: UUID, body: Members
) -> Changed:
    """Put customers into a segment without a rule; an unknown one refuses them all."""
    return Changed(changed_count=change_members(
        session, store_id=caller.store_id, segment_id=segment_id, customer_ids=body.customer_ids, is_in=True,
        clock=clock))


@router.delete("/v1/customer-segments/{segment_id}/members/{customer_id}", status_code=204,
               summary="Take a customer out of a segment")
def delete_member(
    caller: Manager, session: StoreSession, clock: CurrentClock, segment_id: UUID, customer_id: UUID
) -> None:
    """Take a customer out of a segment without a rule; who is not in it stays out."""
    change_members(session, store_id=caller.store_id, segment_id=segment_id, customer_ids=[customer_id], is_in=False,
                   clock=clock)


@router.get("/v1/customers/{customer_id}/segments", summary="List a customer's segments, newest first")
def get_of_customer(
    caller: Reader, session: StoreSession, customer_id: UUID, history: History = False, limit: Limit = 20,
    cursor: Cursor = None,
) -> Page[Spell]:
    """Return a page of the customer's spells in segments."""
    rows = list_spells_of_customer(session, store_id=caller.store_id, customer_id=customer_id, has_history=history,
                                   after=read_moment(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=_spell, place=lambda row: moment_place(row.joined_at, row.id))


def _segment(row: CustomerSegment, counts: Mapping[UUID, int]) -> Segment:
    names = [name for name in Segment.model_fields if name != "member_count"]
    return Segment(member_count=counts.get(row.id, 0), **{name: getattr(row, name) for name in names})


def _spell(row: CustomerSegmentMember) -> Spell:
    return Spell(**{name: getattr(row, name) for name in Spell.model_fields})
