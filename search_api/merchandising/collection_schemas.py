"""Bodies and answers about collections."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from oltp.merchandising.collections_actions import NewCollection
from oltp.merchandising.collections_members import MOST_PRODUCTS
from oltp.merchandising.collections_queries import ListedCollection, Member
from oltp.merchandising.conditions import Condition
from search_api.schemas import Body, Line, Text

Slug = Annotated[str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Url = Annotated[Text, Field(max_length=2000)]
Place = Annotated[int, Field(ge=0, le=1_000_000)]
Kind = Literal["manual", "rule"]
_RULE: JsonDict = {"type": "all", "of": [
    {"type": "price", "currency": "USD", "most": 5000}, {"type": "availability", "is_available": True}]}


class CollectionBody(Body):
    """A collection to be made: by hand, or by rule where there is one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"name": "Under 50 dollars", "rule": _RULE}, {"name": "Gifts", "slug": "gifts"}]})

    name: Line
    slug: Slug | None = Field(default=None, description="Made from the name where it is not given.")
    rule: Condition | None = Field(default=None, description="Which products are in it; null for one by hand.")
    description: Text | None = None
    image_url: Url | None = None
    is_published: bool = True
    position: Place = 0
    meta_title: Line | None = None
    meta_description: Text | None = None


class CollectionChanges(Body):
    """Fields to be changed; what is not given stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_published": False}]})

    name: Line | None = None
    slug: Slug | None = None
    rule: Condition | None = None
    description: Text | None = None
    image_url: Url | None = None
    is_published: bool | None = None
    position: Place | None = None
    meta_title: Line | None = None
    meta_description: Text | None = None


class CollectionAnswer(BaseModel):
    """A collection."""

    id: UUID
    name: str
    slug: str
    description: str | None
    image_url: str | None
    kind: Kind
    rule: dict[str, Any] | None
    is_published: bool
    position: int
    meta_title: str | None
    meta_description: str | None
    product_count: int
    created_at: datetime
    updated_at: datetime


class MemberAnswer(BaseModel):
    """A product in a collection."""

    product_id: UUID
    position: int
    name: str
    sku: str
    status: Literal["DRAFT", "ACTIVE", "ARCHIVED"]


class AddedProducts(Body):
    """Products to be put at the end of a collection."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"product_ids": ["0199aa00-0000-7000-8000-000000000001"]}]})

    product_ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]


class ProductOrder(Body):
    """All products of a collection in their new order."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"product_ids": ["0199aa00-0000-7000-8000-000000000002", "0199aa00-0000-7000-8000-000000000001"]}]})

    product_ids: Annotated[list[UUID], Field(max_length=MOST_PRODUCTS)]


def new_collection(body: CollectionBody) -> NewCollection:
    """Return what the body asks for."""
    return NewCollection(**body.model_dump(mode="json"))


def collection_answer(found: ListedCollection) -> CollectionAnswer:
    """Return the answer's form of a collection."""
    return CollectionAnswer.model_validate(found, from_attributes=True)


def member_answer(member: Member) -> MemberAnswer:
    """Return the answer's form of a product in a collection."""
    return MemberAnswer.model_validate(member, from_attributes=True)
