"""Discount codes: one by one, or many at once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.promotions import codes, queries
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.promotions.code_schemas import Code, CodeChanges, Codes, CodeText, ManyCodes, NewCode, code_answer

router = APIRouter(tags=["promotions"], route_class=KeyedRoute)

Creator = Annotated[Caller, Depends(require("discount.create"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/discount-codes", summary="List discount codes, oldest first")
def get_codes(
    caller: Creator, session: StoreSession, promotion_rule_id: UUID | None = None,
    code: Annotated[CodeText | None, Query(description="The code that is written so, in any case.")] = None,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[Code]:
    """Return a page of codes; of one rule, or the one that is written so."""
    rows = queries.list_codes(session, store_id=caller.store_id, rule_id=promotion_rule_id, code=code,
                              after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Code](items=[code_answer(row) for row in rows[:limit]], next=more)


@router.post("/v1/discount-codes", status_code=201, summary="Make a discount code")
def post_code(caller: Creator, session: StoreSession, clock: CurrentClock, body: NewCode, response: Response) -> Code:
    """Make a code: the key to a rule, or a discount of its own."""
    made = codes.create_code(session, store_id=caller.store_id, code=body.code, fields=body.fields(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return code_answer(made)


@router.post("/v1/discount-codes/generate", status_code=201, summary="Make up to 1,000 codes that can't be guessed")
def post_codes(caller: Creator, session: StoreSession, clock: CurrentClock, body: ManyCodes) -> Codes:
    """Make codes of the prefix and twelve random letters each."""
    made = codes.generate_codes(session, store_id=caller.store_id, count=body.count, prefix=body.prefix,
                                fields=body.fields(), clock=clock)
    return Codes(items=[code_answer(row) for row in made])


@router.get("/v1/discount-codes/{code_id}", summary="Read a discount code")
def get_code(caller: Creator, session: StoreSession, code_id: UUID, response: Response) -> Code:
    """Return a code, with its ETag."""
    found = queries.get_code(session, store_id=caller.store_id, code_id=code_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return code_answer(found)


@router.patch("/v1/discount-codes/{code_id}", summary="Change a discount code")
def patch_code(
    caller: Creator, session: StoreSession, clock: CurrentClock, code_id: UUID, body: CodeChanges, expected: IfMatch,
    response: Response,
) -> Code:
    """Change the fields that are given; the letters and the kind of a code stay."""
    changed = codes.update_code(session, store_id=caller.store_id, code_id=code_id, changes=body.changes(),
                                expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return code_answer(changed)


@router.delete("/v1/discount-codes/{code_id}", status_code=204, summary="Delete a discount code")
def delete_code(
    caller: Creator, session: StoreSession, clock: CurrentClock, code_id: UUID, expected: IfMatch
) -> None:
    """Delete a code; orders keep what they were given."""
    codes.delete_code(session, store_id=caller.store_id, code_id=code_id, expected_updated_at=expected, clock=clock)
