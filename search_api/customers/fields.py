"""Custom fields, and a customer's values of them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from oltp.customers.fields import create_field, delete_field, put_values, update_field
from oltp.customers.segment_models import CustomerCustomField
from oltp.customers.segment_queries import get_field, list_fields, list_values
from oltp.customers.segment_rules import Value
from search_api.cursors import Cursor, Limit, page_of, read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page
from search_api.schemas import Body, Line

router = APIRouter(tags=["customers"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("customer.read"))]
Writer = Annotated[Caller, Depends(require("customer.write"))]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Label = Annotated[Line, Field(max_length=200)]
Choices = Annotated[list[Line], Field(min_length=1, max_length=200)]
Position = Annotated[int, Field(ge=0, le=100_000)]
Kind = Literal["text", "number", "boolean", "date", "choice"]
# What JSON has: a number keeps its digits, a day is text.
Given = bool | int | Decimal | Annotated[str, StringConstraints(max_length=5000)] | None


class NewField(Body):
    """A custom field to be added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "key": "tier", "label": "Tier", "kind": "choice", "choices": ["silver", "gold"]}]})

    key: Key
    label: Label
    kind: Kind
    choices: Choices | None = Field(default=None, description="Of the kind choice, and only there.")
    is_required: bool = False
    position: Position = 0


class FieldChanges(Body):
    """What may change of a field: values hang on key and kind."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"label": "Level"}]})

    label: Label | None = None
    choices: Choices | None = None
    is_required: bool | None = None
    position: Position | None = None


class FieldItem(BaseModel):
    """A custom field."""

    id: UUID
    key: str
    label: str
    kind: Kind
    choices: list[str] | None
    is_required: bool
    position: int
    created_at: datetime
    updated_at: datetime


class NewValues(Body):
    """All that is to be kept of a customer; what is left out or null is forgotten."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "values": {"tier": "gold", "age": 36, "is_vip": True, "born_on": "1990-12-10"}}]})

    values: Annotated[dict[Key, Given], Field(max_length=200)]

    @field_validator("values", mode="before")
    @classmethod
    def _numbers_keep_their_digits(cls, given: object) -> object:
        # A JSON number with a fraction comes in binary; its shortest decimal form is what was written.
        if isinstance(given, dict):
            return {key: Decimal(repr(value)) if isinstance(value, float) else value for key, value in given.items()}
        return given


class Values(BaseModel):
    """What is kept of a customer, key by key: text, number, true or false, day."""

    values: dict[str, str | bool | int | float] = Field(json_schema_extra={"examples": [{"tier": "gold", "age": 36}]})


@router.get("/v1/custom-fields", summary="List custom fields, oldest first")
def get_fields(caller: Reader, session: StoreSession, limit: Limit = 20, cursor: Cursor = None) -> Page[FieldItem]:
    """Return a page of the fields that the store keeps about its customers."""
    rows = list_fields(session, store_id=caller.store_id, after=read_id(cursor), limit=limit + 1)
    return page_of(rows, limit=limit, item=_field, place=lambda row: [str(row.id)])


@router.post("/v1/custom-fields", status_code=201, summary="Add a custom field")
def post_field(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: NewField, response: Response
) -> FieldItem:
    """Add a typed field."""
    made = create_field(
        session, store_id=caller.store_id, key=body.key, label=body.label, kind=body.kind, choices=body.choices,
        is_required=body.is_required, position=body.position, clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return _field(made)


@router.get("/v1/custom-fields/{field_id}", summary="Read a custom field")
def get_one(caller: Reader, session: StoreSession, field_id: UUID, response: Response) -> FieldItem:
    """Return a field, with its ETag."""
    found = get_field(session, store_id=caller.store_id, field_id=field_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return _field(found)


@router.patch("/v1/custom-fields/{field_id}", summary="Change a custom field")
def patch_field(
    caller: Writer, session: StoreSession, clock: CurrentClock, field_id: UUID, body: FieldChanges, expected: IfMatch,
    response: Response,
) -> FieldItem:
    """Change label, choices, position, or whether it is required; a choice in use stays."""
    changes: Mapping[str, Any] = body.model_dump(exclude_unset=True, exclude_none=True)
    changed = update_field(session, store_id=caller.store_id, field_id=field_id, changes=changes,
                           expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return _field(changed)


@router.delete("/v1/custom-fields/{field_id}", status_code=204, summary="Delete a custom field")
def delete_one(caller: Writer, session: StoreSession, clock: CurrentClock, field_id: UUID, expected: IfMatch) -> None:
    """Delete a field that no segment's rule asks for."""
    delete_field(session, store_id=caller.store_id, field_id=field_id, expected_updated_at=expected, clock=clock)


@router.get("/v1/customers/{customer_id}/custom-values", summary="Read what is kept of a customer")
def get_values(caller: Reader, session: StoreSession, customer_id: UUID) -> Values:
    """Return the customer's values by key, in the fields' order."""
    return _values(list_values(session, store_id=caller.store_id, customer_id=customer_id))


@router.put("/v1/customers/{customer_id}/custom-values", summary="Set what is kept of a customer")
def put_all(
    caller: Writer, session: StoreSession, clock: CurrentClock, customer_id: UUID, body: NewValues
) -> Values:
    """Make the values all that is kept; a required field may not be missing."""
    put_values(session, store_id=caller.store_id, customer_id=customer_id, values=body.values, clock=clock)
    return _values(list_values(session, store_id=caller.store_id, customer_id=customer_id))


def _field(row: CustomerCustomField) -> FieldItem:
    return FieldItem.model_validate({name: getattr(row, name) for name in FieldItem.model_fields})


def _values(found: Mapping[str, Value]) -> Values:
    return Values(values={key: _plain(value) for key, value in found.items()})


def _plain(value: Value) -> str | bool | int | float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
