"""Writes of stock: the level and its ledger row in one go, events beside them.

A level is moved by one conditional UPDATE; what the condition refuses is looked at afterwards, only to say why.
"""

from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.inventory.errors import LevelNotFound
from oltp.inventory.models import InventoryAdjustment
from oltp.inventory.queries import find_level
from oltp.inventory.rules import LevelState, check_change, check_reason, moved_to
from oltp.inventory.saying import Movement, movement_events
from oltp.inventory.settling import lock_all
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.outbox.actions import record_events

# Either by :delta or to :target. An untracked level may go below zero; a tracked one keeps what is reserved, or grows
# towards it where a legacy program has sold too much.
_MOVE = text("""
    UPDATE inventory_level SET on_hand = coalesce(CAST(:target AS integer), on_hand + :delta), updated_at = now(),
      legacy_shortage = least(legacy_shortage, stock_shortage(
        coalesce(CAST(:target AS integer), on_hand + :delta), reserved, backorder_limit, is_tracked))
    WHERE store_id = :store AND variant_id = :variant
      AND on_hand = coalesce(CAST(:expected AS integer), on_hand)
      AND coalesce(CAST(:target AS bigint), on_hand::bigint + :delta) BETWEEN -2147483647 AND 2147483647
      AND (NOT is_tracked OR coalesce(CAST(:target AS integer), on_hand + :delta) >= least(
        on_hand, reserved - backorder_limit))
    RETURNING old.on_hand AS before, on_hand, backorder_limit, low_stock_threshold, is_tracked""")


@dataclass(frozen=True)
class Move:
    """A change wanted: by `delta` or to `target`, one of them None; `expected` on hand, None for any."""

    store_id: UUID
    variant_id: UUID
    delta: int | None
    target: int | None
    expected: int | None


@dataclass(frozen=True)
class Reason:
    """Why stock moves: one of the five coarse codes, and free text."""

    code: str
    detail: str | None = None
    note: str | None = None
    order_id: UUID | None = None
    user_id: UUID | None = None


def adjust_stock(
    session: Session, *, store_id: UUID, variant_id: UUID, delta: int, reason_code: str,
    reason_detail: str | None = None, note: str | None = None, expected_on_hand: int | None = None,
    order_id: UUID | None = None, user_id: UUID | None = None,
) -> InventoryAdjustment:
    """Change a variant's stock by `delta`; `expected_on_hand`: only if that much is there.

    Errors: ChangeMissing, ReasonUnknown, LevelNotFound, StockMoved, NotEnoughStock, StockBeyondLimit,
    StockStillLegacy.
    """
    check_change(delta=delta, reason_code=reason_code)
    move = Move(store_id, variant_id, delta, None, expected_on_hand)
    adjustment = _move(session, move=move, reason=Reason(reason_code, reason_detail, note, order_id, user_id))
    assert adjustment is not None
    return adjustment


def set_stock(
    session: Session, *, store_id: UUID, variant_id: UUID, on_hand: int, reason_code: str = "correction",
    reason_detail: str | None = None, note: str | None = None, expected_on_hand: int | None = None,
    user_id: UUID | None = None,
) -> InventoryAdjustment | None:
    """Set a variant's stock to what was counted; None when that is what the level says already.

    Errors: ReasonUnknown, LevelNotFound, StockMoved, NotEnoughStock, StockBeyondLimit,
    StockStillLegacy.
    """
    check_reason(reason_code)
    move = Move(store_id, variant_id, None, on_hand, expected_on_hand)
    return _move(session, move=move, reason=Reason(reason_code, reason_detail, note, None, user_id))


def _move(session: Session, *, move: Move, reason: Reason) -> InventoryAdjustment | None:
    lock_all(session, store_id=move.store_id, variant_ids=[move.variant_id])
    values = {"store": move.store_id, "variant": move.variant_id, "delta": move.delta, "target": move.target,
              "expected": move.expected}
    moved = session.execute(_MOVE, values).one_or_none()
    if moved is None:
        _refuse(session, move=move)
    if moved.on_hand == moved.before:
        return None
    adjustment = _record(session, move=move, delta=moved.on_hand - moved.before, reason=reason)
    _record_events(session, adjustment=adjustment, moved=moved)
    return adjustment


def _record(session: Session, *, move: Move, delta: int, reason: Reason) -> InventoryAdjustment:
    trace = current_trace()
    adjustment = InventoryAdjustment(
        id=new_id(), store_id=move.store_id, variant_id=move.variant_id, delta=delta, reason_code=reason.code,
        reason_detail=reason.detail, note=reason.note, order_id=reason.order_id, user_id=reason.user_id,
        correlation_id=trace.correlation_id if trace else None, request_id=trace.request_id if trace else None)
    session.add(adjustment)
    session.flush()
    return adjustment


def _refuse(session: Session, *, move: Move) -> NoReturn:
    # Under the level's lock, so it still is as the statement found it.
    level = find_level(session, store_id=move.store_id, variant_id=move.variant_id)
    if level is None:
        raise LevelNotFound(variant_id=move.variant_id)
    state = LevelState(level.on_hand, level.reserved, level.backorder_limit, level.is_tracked,
                       level.low_stock_threshold)
    moved_to(state, variant_id=move.variant_id, delta=move.delta, on_hand=move.target, expected=move.expected)
    raise AssertionError("the statement and the rule disagree")


def _record_events(session: Session, *, adjustment: InventoryAdjustment, moved: Row[Any]) -> None:
    """Say that stock moved."""
    movement = Movement(
        adjustment.variant_id, adjustment.id, moved.before, moved.on_hand, moved.backorder_limit,
        moved.low_stock_threshold, moved.is_tracked, adjustment.reason_code, adjustment.order_id)
    record_events(
        session, store_id=adjustment.store_id, events=movement_events(movement), occurred_at=adjustment.created_at,
        actor_type="USER" if adjustment.user_id is not None else "SYSTEM")
