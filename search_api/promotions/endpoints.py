"""Promotions: promotion rules and what they would have done; codes stand in their own file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from oltp.checkout.what_if import what_if
from oltp.promotions import actions, queries
from oltp.promotions.candidates import find_candidate
from search_api.dependencies import Caller, CurrentClock, StoreSession, require
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import MAX_LIMIT, Page, encode_cursor
from search_api.promotions import codes
from search_api.promotions.cursors import read_place
from search_api.promotions.schemas import (
    NewRule,
    Rule,
    RuleChanges,
    Status,
    WhatIfAnswer,
    WhatIfWish,
    rule_answer,
    what_if_answer,
)

router = APIRouter(tags=["promotions"], route_class=KeyedRoute)
router.include_router(codes.router)

Manager = Annotated[Caller, Depends(require("promo.manage"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/promotion-rules", summary="List promotion rules in the order in which they apply")
def get_rules(
    caller: Manager, session: StoreSession, status: Status | None = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[Rule]:
    """Return a page of rules, by priority, then id."""
    rows = queries.list_rules(
        session, store_id=caller.store_id, status=status, after=read_place(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page[Rule](items=[rule_answer(row) for row in rows[:limit]],
                      next=encode_cursor([str(last.priority), str(last.id)]) if last else None)


@router.post("/v1/promotion-rules", status_code=201, summary="Make a promotion rule, as a draft")
def post_rule(
    caller: Manager, session: StoreSession, clock: CurrentClock, body: NewRule, response: Response
) -> Rule:
    """Make a rule. An operator that is not known is refused by the path of its field."""
    made = actions.create_rule(session, store_id=caller.store_id, fields=body.fields(), clock=clock)
    response.headers["ETag"] = etag_of(made.updated_at)
    return rule_answer(made)


@router.post("/v1/promotion-rules/what-if", summary="Replay a candidate rule on the last orders")
def post_what_if(caller: Manager, session: StoreSession, clock: CurrentClock, body: WhatIfWish) -> WhatIfAnswer:
    """Say what a rule would have done to the last orders of its currency; nothing is written."""
    candidate = find_candidate(
        session, store_id=caller.store_id, rule_id=body.rule_id, fields=body.rule.fields() if body.rule else None,
        at=clock.now())
    return what_if_answer(what_if(
        session, store_id=caller.store_id, rule=candidate, order_count=body.order_count, at=clock.now()))


@router.get("/v1/promotion-rules/{rule_id}", summary="Read a promotion rule")
def get_rule(caller: Manager, session: StoreSession, rule_id: UUID, response: Response) -> Rule:
    """Return a rule, with its ETag."""
    found = queries.get_rule(session, store_id=caller.store_id, rule_id=rule_id)
    response.headers["ETag"] = etag_of(found.updated_at)
    return rule_answer(found)


@router.patch("/v1/promotion-rules/{rule_id}", summary="Change a promotion rule")
def patch_rule(
    caller: Manager, session: StoreSession, clock: CurrentClock, rule_id: UUID, body: RuleChanges, expected: IfMatch,
    response: Response,
) -> Rule:
    """Change the fields that are given; orders keep what they were given."""
    changed = actions.update_rule(
        session, store_id=caller.store_id, rule_id=rule_id, changes=body.changes(), expected_updated_at=expected,
        clock=clock)
    response.headers["ETag"] = etag_of(changed.updated_at)
    return rule_answer(changed)


@router.delete("/v1/promotion-rules/{rule_id}", status_code=204, summary="Delete a promotion rule and its codes")
def delete_rule(
    caller: Manager, session: StoreSession, clock: CurrentClock, rule_id: UUID, expected: IfMatch
) -> None:
    """Delete a rule; orders keep what they were given."""
    actions.delete_rule(session, store_id=caller.store_id, rule_id=rule_id, expected_updated_at=expected, clock=clock)


@router.post("/v1/promotion-rules/{rule_id}/activate", summary="Switch a promotion rule on")
def post_activate(
    caller: Manager, session: StoreSession, clock: CurrentClock, rule_id: UUID, expected: IfMatch, response: Response
) -> Rule:
    """Let a rule apply from now on, within its window."""
    rule = actions.activate_rule(
        session, store_id=caller.store_id, rule_id=rule_id, expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(rule.updated_at)
    return rule_answer(rule)


@router.post("/v1/promotion-rules/{rule_id}/pause", summary="Switch a promotion rule off")
def post_pause(
    caller: Manager, session: StoreSession, clock: CurrentClock, rule_id: UUID, expected: IfMatch, response: Response
) -> Rule:
    """Let a rule apply no more until it is activated again."""
    rule = actions.pause_rule(
        session, store_id=caller.store_id, rule_id=rule_id, expected_updated_at=expected, clock=clock)
    response.headers["ETag"] = etag_of(rule.updated_at)
    return rule_answer(rule)
