"""Search: products of the caller's store by words and meaning."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator

from oltp.search.encoders import Encoder
from oltp.search.queries import search_products
from oltp.search.rules import MAX_QUERY, Mode, Search, clean
from search_api.dependencies import Caller, StoreSession, get_encoder, require
from search_api.pages import MAX_LIMIT, decode_cursor, encode_cursor
from search_api.search.schemas import SearchAnswer, answer_of

router = APIRouter(tags=["search"])

CURSOR_PARTS = 5
# A cursor carries the weights of every word of the query, so that all pages score alike.
MAX_CURSOR = 12_000
MAX_PRICE = 2**63 - 1


def _said(query: str) -> str:
    if not (cleaned := clean(query)):
        raise ValueError("says nothing: type at least one letter or digit")
    return cleaned


Minor = Annotated[int | None, Query(ge=0, le=MAX_PRICE, description="In minor units of the store's currency.")]


@router.get("/v1/search", summary="Search products")
def get_search(
    caller: Annotated[Caller, Depends(require("search.read"))],
    session: StoreSession,
    encoder: Annotated[Encoder, Depends(get_encoder)],
    q: Annotated[str, Query(max_length=MAX_QUERY, description="What is looked for."), AfterValidator(_said)],
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 20,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before.")] = None,
    mode: Annotated[Mode, Query(description="By words, by meaning, or both mixed.")] = "hybrid",
    in_stock: Annotated[bool | None, Query(description="Only what is in stock, or only what is not.")] = None,
    price_min: Minor = None,
    price_max: Minor = None,
    explain: Annotated[bool, Query(description="Also return how each score came about.")] = False,
) -> SearchAnswer:
    """Return products best first: any word counts, rare ones more; accents, endings and typos are forgiven; the last
    word may be unfinished; a SKU or barcode comes first. At most 1,000 products over all pages."""
    if mode != "lexical":
        encoder.begin_loading()
    after = None if cursor is None else decode_cursor(cursor, length=CURSOR_PARTS)
    search = Search(q, mode, limit, in_stock, price_min, price_max, after)
    found = search_products(session, store_id=caller.store_id, search=search, encoder=encoder)
    following = None if found.next is None else encode_cursor(found.next)
    return answer_of(found, following=following, explain=explain)
