"""Inventory: stock, its ledger, and what is reserved of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status

from oltp.inventory.bulk import adjust_many
from oltp.inventory.changing import change_stock
from oltp.inventory.limits import LevelChange, change_level
from oltp.inventory.queries import (
    LevelFilter,
    ReservationFilter,
    get_level,
    list_adjustments,
    list_levels,
    list_reservations,
)
from search_api.dependencies import Caller, StoreSession, require
from search_api.idempotency import KeyedRoute
from search_api.inventory.schemas import (
    Adjustment,
    AdjustmentAnswer,
    AdjustmentBody,
    BulkAnswer,
    BulkBody,
    Level,
    LevelBody,
    Reservation,
    adjustment_answer,
    bulk_answer,
    level_answer,
    reservation_answer,
    wanted_change,
)
from search_api.pages import MAX_LIMIT, InvalidCursor, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["inventory"], route_class=KeyedRoute)

Reader = Annotated[Caller, Depends(require("inventory.read"))]
Writer = Annotated[Caller, Depends(require("inventory.adjust"))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@router.get("/v1/inventory-levels", summary="List stock levels")
def get_levels(
    caller: Reader, session: StoreSession, low: Annotated[bool, Query(
        description="Only counted variants at their threshold or below.")] = False,
    product_id: UUID | None = None, variant_id: UUID | None = None, limit: Limit = 20, cursor: Cursor = None,
) -> Page[Level]:
    """Return a page of the levels of variants that are not deleted, by variant id."""
    rows = list_levels(
        session, store_id=caller.store_id, limit=limit + 1, after=None if cursor is None else _read_id(cursor),
        wanted=LevelFilter(is_low=low, product_id=product_id, variant_id=variant_id))
    more = encode_cursor([str(rows[limit - 1].variant_id)]) if len(rows) > limit else None
    return Page[Level](items=[level_answer(row) for row in rows[:limit]], next=more)


@router.get("/v1/inventory-levels/{variant_id}", summary="Read a stock level")
def get_one_level(variant_id: UUID, caller: Reader, session: StoreSession) -> Level:
    """Return the stock of a variant; what is available counts live reservations only."""
    return level_answer(get_level(session, store_id=caller.store_id, variant_id=variant_id))


@router.patch("/v1/inventory-levels/{variant_id}", summary="Change how a variant is stocked")
def patch_level(variant_id: UUID, body: LevelBody, caller: Writer, session: StoreSession) -> Level:
    """Change whether it is counted, how much may be sold beyond what is there, and below what it runs low."""
    change = LevelChange(body.backorder_limit, body.low_stock_threshold, body.is_tracked)
    return level_answer(change_level(session, store_id=caller.store_id, variant_id=variant_id, change=change))


@router.post("/v1/inventory-adjustments", summary="Change stock", status_code=status.HTTP_201_CREATED)
def post_adjustment(body: AdjustmentBody, caller: Writer, session: StoreSession) -> AdjustmentAnswer:
    """Change a variant's stock by a delta or to what was counted; with `expected_on_hand` only if that is there."""
    changed = change_stock(session, store_id=caller.store_id, change=wanted_change(body))
    level = get_level(session, store_id=caller.store_id, variant_id=body.variant_id)
    return AdjustmentAnswer(
        adjustment=None if changed is None else adjustment_answer(changed), level=level_answer(level))


@router.post("/v1/inventory-adjustments/bulk", summary="Change the stock of many variants")
def post_adjustments(body: BulkBody, caller: Writer, session: StoreSession) -> BulkAnswer:
    """Make the changes that can be made, in their order, and say of each what became of it; the others stay undone."""
    return bulk_answer(adjust_many(
        session, store_id=caller.store_id, changes=[wanted_change(row) for row in body.rows]))


@router.get("/v1/inventory-adjustments", summary="List a variant's ledger, newest first")
def get_adjustments(
    caller: Reader, session: StoreSession, variant_id: UUID, limit: Limit = 20, cursor: Cursor = None,
) -> Page[Adjustment]:
    """Return a page of the changes that a variant's stock is the sum of."""
    before = None if cursor is None else _read_place(cursor)
    rows = list_adjustments(
        session, store_id=caller.store_id, variant_id=variant_id, limit=limit + 1, before=before)
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]
        more = encode_cursor([last.created_at.isoformat(), str(last.id)])
    return Page[Adjustment](items=[adjustment_answer(row) for row in rows[:limit]], next=more)


@router.get("/v1/stock-reservations", summary="List reservations, oldest first")
def get_reservations(
    caller: Reader, session: StoreSession, variant_id: UUID | None = None, order_id: UUID | None = None,
    live: Annotated[bool, Query(description="Only those that still count.")] = True,
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[Reservation]:
    """Return a page of what is promised to orders that are not paid yet."""
    rows = list_reservations(
        session, store_id=caller.store_id, limit=limit + 1, after=None if cursor is None else _read_id(cursor),
        wanted=ReservationFilter(variant_id=variant_id, order_id=order_id, is_live=live))
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Reservation](items=[reservation_answer(row) for row in rows[:limit]], next=more)


def _read_id(cursor: str) -> UUID:
    (place,) = decode_cursor(cursor, length=1)
    try:
        return UUID(place)
    except ValueError:
        raise InvalidCursor(field="cursor") from None


def _read_place(cursor: str) -> tuple[datetime, UUID]:
    moment, row_id = decode_cursor(cursor, length=2)
    try:
        place = datetime.fromisoformat(moment), UUID(row_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
    if place[0].tzinfo is None:
        raise InvalidCursor(field="cursor")
    return place
