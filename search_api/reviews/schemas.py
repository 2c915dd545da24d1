"""Schemas of reviews: bodies and answers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.catalog.rules import read_list
from oltp.reviews.actions import NewReview
from oltp.reviews.models import Review as ReviewRow
from oltp.reviews.queries import Rating as RatingFound
from search_api.catalog.schemas_parts import Url
from search_api.schemas import Body, Line, Text

Stars = Annotated[int, Field(ge=1, le=5)]
MOST_IMAGES = 10


class ReviewBody(Body):
    """A customer's review of a product."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "product_id": "0197b2f0-0000-7000-8000-000000000001", "customer_id": "0197b2f0-0000-7000-8000-000000000002",
        "rating": 5, "title": "Bright", "comment": "Just the lamp I wanted."}]})

    product_id: UUID
    customer_id: UUID
    rating: Stars
    title: Line | None = None
    comment: Text
    images: list[Url] = Field(default_factory=list, max_length=MOST_IMAGES)

    def wanted(self) -> NewReview:
        """Return the review as the room takes it."""
        return NewReview(**self.model_dump())


class ReviewChanges(Body):
    """Fields of a review to be changed; null clears the title."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rating": 4}]})

    rating: Stars | None = None
    title: Line | None = None
    comment: Text | None = None
    images: list[Url] | None = Field(default=None, max_length=MOST_IMAGES)

    def changes(self) -> dict[str, Any]:
        """Return column → value."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items()
                if value is not None or name == "title"}


class Review(BaseModel):
    """A customer's review of a product."""

    id: UUID
    product_id: UUID
    customer_id: UUID | None
    rating: int
    title: str | None
    comment: str
    images: list[str]
    is_approved: bool
    approved_at: datetime | None
    is_verified_purchase: bool = Field(description="Whether the customer had bought the product when he wrote it.")
    created_at: datetime
    updated_at: datetime


def review_answer(row: ReviewRow) -> Review:
    """Return a review as it is answered."""
    names = set(Review.model_fields) - {"images"}
    return Review(images=read_list(row.images or "[]"), **{name: getattr(row, name) for name in names})


class Rating(BaseModel):
    """What a product is rated by its approved reviews."""

    review_count: int
    average: Decimal | None = Field(description="The mean, to one decimal place; null without reviews.")
    counts: dict[str, int] = Field(description="Stars, 1 to 5, and how many reviews gave so many.")


def rating_answer(found: RatingFound) -> Rating:
    """Return what a product is rated as it is answered."""
    return Rating(review_count=found.review_count, average=found.average,
                  counts={str(star): count for star, count in found.counts.items()})
