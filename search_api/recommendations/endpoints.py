"""Recommendations: what else a shopper of the caller's store may want."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from oltp.recommendations.queries import recommend
from oltp.recommendations.rules import KINDS, kind_of
from search_api.dependencies import Caller, StoreSession, require
from search_api.recommendations.schemas import RecommendationAnswer, item_of

router = APIRouter(tags=["recommendations"])

MAX_ITEMS = 50


@router.get("/v1/recommendations/{kind}", summary="Recommend products")
def get_recommendations(
    kind: Annotated[str, Path(max_length=50, description=f"One of {', '.join(KINDS)}.")],
    caller: Annotated[Caller, Depends(require("recommendation.read"))],
    session: StoreSession,
    product_id: Annotated[
        UUID | None, Query(description="The product they go with; needed for all kinds but bestsellers.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS)] = 10,
) -> RecommendationAnswer:
    """Return products that are for sale and in stock, best first, never the product itself.

    Where behaviour has too little to say, category and description fill up, then what sells and what is new: the
    answer holds `limit` items whenever the store has as many. Each item names its source.
    """
    wanted = kind_of(kind)
    found = recommend(session, store_id=caller.store_id, kind=wanted, product_id=product_id, limit=limit)
    target = None if wanted == "bestsellers" else product_id
    return RecommendationAnswer(kind=wanted, product_id=target, items=[item_of(each) for each in found])
