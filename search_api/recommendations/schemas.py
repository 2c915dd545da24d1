"""Answers of the recommendations."""

from uuid import UUID

from pydantic import BaseModel, Field

from oltp.recommendations.queries import Recommendation
from search_api.catalog.schemas import Price


class RecommendationItem(BaseModel):
    """A recommended product and why."""

    product_id: UUID
    sku: str
    title: str
    slug: str
    thumbnail_url: str | None
    price: Price
    source: str = Field(description="What recommends it, e.g. baskets, content, category, sales, newest.")
    reason: str = Field(description="In words for people.")
    score: float = Field(description="Comparable within one source only.")
    model_version: str = Field(description="The computation or encoder behind it.")


class RecommendationAnswer(BaseModel):
    """Recommendations, best first."""

    kind: str
    product_id: UUID | None
    items: list[RecommendationItem]


def item_of(found: Recommendation) -> RecommendationItem:
    """Return the answer's form of a recommendation."""
    return RecommendationItem(
        product_id=found.product_id,
        sku=found.sku,
        title=found.title,
        slug=found.slug,
        thumbnail_url=found.thumbnail_url,
        price=Price(amount=found.price_amount, currency=found.currency),
        source=found.source,
        reason=found.reason,
        score=found.score,
        model_version=found.model_version,
    )
