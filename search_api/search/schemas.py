"""Answers of the search."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from oltp.search.queries import Found, Hit
from search_api.catalog.schemas import Price


class Explanation(BaseModel):
    """How a score came about: words × (1 − weight) + meaning × weight, plus two for an exact SKU or barcode."""

    exact_code: bool = Field(description="Whether the query is a SKU or barcode of the product or a variant.")
    lexical: float = Field(description="Score by words: rarity in this store × place of the word, over length.")
    lexical_part: float = Field(description="The same as a share of the best in the store, 0 to 1.")
    similarity: float | None = Field(description="Cosine of query and product; null where meaning did not count.")
    semantic_part: float = Field(description="The same above the floor, as a share of the best, 0 to 1.")
    semantic_weight: float = Field(description="How much the meaning counted, 0 to 1.")


class SearchHit(BaseModel):
    """A product found."""

    product_id: UUID
    sku: str
    title: str
    slug: str
    thumbnail_url: str | None
    in_stock: bool
    price: Price
    score: float = Field(description="Comparable within one search only.")
    highlight: str = Field(description="The title as HTML: escaped, with <mark> around the words met.")
    explain: Explanation | None = Field(default=None, description="Present with `explain=true`.")


class SearchAnswer(BaseModel):
    """A page of hits, best first."""

    items: list[SearchHit]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")
    semantic: Literal["used", "not_ready", "off"] = Field(
        description="Whether the meaning counted; not_ready: no model or no vectors yet, so words alone decided."
    )
    corrected: dict[str, list[str]] = Field(description="Words this store has never seen, and what was taken instead.")


def answer_of(found: Found, *, following: str | None, explain: bool) -> SearchAnswer:
    """Return the answer's form of a page of hits."""
    weight = found.semantic_weight if explain else None
    items = [_hit(hit, weight) for hit in found.hits]
    return SearchAnswer(items=items, next=following, semantic=found.semantic, corrected=found.corrected)


def _hit(hit: Hit, weight: float | None) -> SearchHit:
    explanation = (
        None
        if weight is None
        else Explanation(
            exact_code=hit.has_code,
            lexical=hit.lexical,
            lexical_part=hit.lexical_part,
            similarity=hit.similarity,
            semantic_part=hit.semantic_part,
            semantic_weight=weight,
        )
    )
    return SearchHit(
        product_id=hit.product_id,
        sku=hit.sku,
        title=hit.title,
        slug=hit.slug,
        thumbnail_url=hit.thumbnail_url,
        in_stock=hit.is_available,
        price=Price(amount=hit.price_amount, currency=hit.currency),
        score=hit.score,
        highlight=hit.highlight,
        explain=explanation,
    )
