"""Many changes of stock at once: each row stands or falls alone, and all of them are a constant number of statements.

Under the levels' locks the rows are worked out one after the other by the rule that single changes obey, too; what they
come to is written by one UPDATE and one INSERT.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.inventory.changing import WantedChange
from oltp.inventory.errors import ChangeMissing, LevelNotFound, TooManyRows
from oltp.inventory.rules import LevelState, check_either, check_reason, moved_to
from oltp.inventory.saying import Movement, movement_events
from oltp.inventory.settling import lock_known
from oltp.kit.errors import Refusal
from oltp.kit.ids import new_id
from oltp.kit.trace import current_trace
from oltp.outbox.actions import record_events

MOST_ROWS = 1000
_STATES = text("""
    SELECT variant_id, on_hand, reserved, backorder_limit, is_tracked, low_stock_threshold FROM inventory_level
    WHERE store_id = :store AND variant_id = ANY (:variants)""")
_WRITE = text("""
    UPDATE inventory_level l SET on_hand = w.on_hand, updated_at = now(),
      legacy_shortage = least(l.legacy_shortage,
                              stock_shortage(w.on_hand, l.reserved, l.backorder_limit, l.is_tracked))
    FROM unnest(CAST(:variants AS uuid[]), CAST(:on_hand AS integer[])) AS w (variant_id, on_hand)
    WHERE l.store_id = :store AND l.variant_id = w.variant_id""")
_LEDGER = text("""
    INSERT INTO inventory_adjustment (id, store_id, variant_id, delta, reason_code, reason_detail, note, user_id,
                                      correlation_id, request_id)
    SELECT id, :store, variant_id, delta, reason_code, reason_detail, note, :user, :correlation, :request
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
      AS r (id uuid, variant_id uuid, delta integer, reason_code text, reason_detail text, note text)""")
_NOW = text("SELECT now()")


@dataclass(frozen=True)
class ChangeOutcome:
    """What became of a row: the stock after it, or why not. No adjustment: it was so already."""

    variant_id: UUID
    on_hand: int | None
    adjustment_id: UUID | None
    refusal: Refusal | None


@dataclass(frozen=True)
class _Done:
    id: UUID
    variant_id: UUID
    delta: int
    reason_code: str
    reason_detail: str | None
    note: str | None


def adjust_many(
    session: Session, *, store_id: UUID, changes: Sequence[WantedChange], user_id: UUID | None = None,
) -> list[ChangeOutcome]:
    """Make those of the changes that can be made, in their order; return what became of each.

    Two rows of one variant are two changes, the second from where the first ended. Errors: TooManyRows,
    StockStillLegacy.
    """
    if len(changes) > MOST_ROWS:
        raise TooManyRows(most=MOST_ROWS, field="rows")
    keys = sorted({change.variant_id for change in changes})
    lock_known(session, store_id=store_id, variant_ids=keys)
    rows = session.execute(_STATES, {"store": store_id, "variants": keys})
    states = {row[0]: LevelState(row[1], row[2], row[3], row[4], row[5]) for row in rows}
    outcomes, done, events = [], [], []
    # Rows of one moment stand in the ledger by their ids, so these rise as the rows do.
    ids = sorted(new_id() for _ in changes)
    for row_id, change in zip(ids, changes, strict=True):
        before = states.get(change.variant_id)
        outcome = _try_change(change, before, row_id)
        outcomes.append(outcome)
        if outcome.adjustment_id is None or outcome.on_hand is None or before is None:
            continue
        states[change.variant_id] = replace(before, on_hand=outcome.on_hand)
        done.append(_Done(outcome.adjustment_id, change.variant_id, outcome.on_hand - before.on_hand,
                          change.reason_code, change.reason_detail, change.note))
        events += movement_events(Movement(
            change.variant_id, outcome.adjustment_id, before.on_hand, outcome.on_hand, before.backorder_limit,
            before.low_stock_threshold, before.is_tracked, change.reason_code))
    if done:
        at = _write(session, store_id=store_id, states=states, done=done, user_id=user_id)
        record_events(session, store_id=store_id, events=events, occurred_at=at,
                      actor_type="SYSTEM" if user_id is None else "USER")
    return outcomes


def _try_change(change: WantedChange, level: LevelState | None, row_id: UUID) -> ChangeOutcome:
    try:
        check_either(delta=change.delta, on_hand=change.on_hand)
        check_reason(change.reason_code)
        if change.delta == 0:
            raise ChangeMissing(field="delta")
        if level is None:
            raise LevelNotFound(variant_id=change.variant_id)
        after = moved_to(level, variant_id=change.variant_id, delta=change.delta, on_hand=change.on_hand,
                         expected=change.expected)
    except Refusal as refusal:
        return ChangeOutcome(change.variant_id, None if level is None else level.on_hand, None, refusal)
    return ChangeOutcome(change.variant_id, after, None if after == level.on_hand else row_id, None)


def _write(
    session: Session, *, store_id: UUID, states: dict[UUID, LevelState], done: Sequence[_Done], user_id: UUID | None,
) -> datetime:
    keys, trace = sorted({each.variant_id for each in done}), current_trace()
    session.execute(_WRITE, {"store": store_id, "variants": keys, "on_hand": [states[key].on_hand for key in keys]})
    session.execute(_LEDGER, {
        "store": store_id, "user": user_id, "rows": json.dumps([asdict(each) for each in done], default=str),
        "correlation": trace.correlation_id if trace else None, "request": trace.request_id if trace else None})
    at: datetime = session.execute(_NOW).scalar_one()
    return at
