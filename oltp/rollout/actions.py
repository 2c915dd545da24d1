"""Writes of the rollout: one step forward or back, in short transactions, every step audited.

A step is set first and the backfill follows, so that writers mirror from the step on and the backfill only has to
bring in what was there before. A run that dies in between leaves the step set; the next one goes on from there.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.db.session import Database
from oltp.kit.clock import Clock
from oltp.rollout.backfill import BATCH, backfill, count_rows
from oltp.rollout.errors import LegacyColumnsGone, NotConserved, StillDivergent, WritersStillOpen
from oltp.rollout.queries import (
    MIRRORED,
    Divergence,
    Standing,
    count_events,
    find_divergences,
    get_standing,
    is_contracted,
)
from oltp.rollout.rules import check_order, check_soak, is_conserved, next_step, previous_step
from oltp.rollout.states import STEPS, Capability, Step

SOAK = timedelta(days=14)
WRITERS_SECONDS = 30.0
# A backfill that ends beside busy writers may leave a few rows that a second pass brings in.
PASSES = 3
EVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
# Told how many rows were done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Moved:
    """A step that was taken, and what the backfill had to decide."""

    capability: Capability
    before: Step
    after: Step
    divergence: Divergence
    report: dict[str, Any]


def advance(
    database: Database, *, store_id: UUID, capability: Capability, clock: Clock, soak: timedelta = SOAK,
    progress: Progress | None = None, batch: int = BATCH, patience: float = WRITERS_SECONDS, refill: bool = False,
) -> Moved:
    """Take one step forward; opens its own short transactions. Waits `patience` seconds for older writers.

    `refill` brings the new side up to date from legacy once more before the comparison; only at shadow, where legacy
    leads.

    Errors: NothingToAdvance, NotInOrder, StillDivergent, NotConserved, NotSoaked, WritersStillOpen.
    """
    with database.owner_session() as session:
        standing = get_standing(session, store_id=store_id)
    before = standing[capability].step
    after = next_step(capability, before)
    check_order(capability, after, {name: state.step for name, state in standing.items()})
    if before == "off":
        # Writers mirror from here on; what they wrote before is what the fill brings in.
        with database.owner_session() as session:
            _move(session, store_id=store_id, capability=capability, before=before, after=after, now=clock.now())
    report = dict(standing[capability].report)
    # Further on the legacy side follows: filling from it would undo what has not reached it yet.
    if before == "off" or (before == "shadow" and (refill or not report.get("is_filled"))):
        # At shadow: the run that set the step died in its backfill, or gave up waiting for writers who had not seen it.
        _await_writers(database, patience)
        report = _fill(database, store_id=store_id, capability=capability, progress=progress, batch=batch)
    divergence = check_parity(database, store_id=store_id, capability=capability, clock=clock, report=report)
    if before == "off":
        return Moved(capability, before, after, divergence, report)
    with database.owner_session() as session:
        kept = get_standing(session, store_id=store_id)[capability].report
    _refuse_divergence(capability, divergence, kept)
    if after == "done":
        clean = kept.get("clean_since")
        check_soak(
            capability, clean_since=datetime.fromisoformat(clean) if clean else None, now=clock.now(), soak=soak)
    with database.owner_session() as session:
        _move(session, store_id=store_id, capability=capability, before=before, after=after, now=clock.now())
    return Moved(capability, before, after, divergence, report)


def _fill(
    database: Database, *, store_id: UUID, capability: Capability, progress: Progress | None, batch: int
) -> dict[str, Any]:
    """Backfill until nothing differs, at most `PASSES` times; return the first pass's report.

    It is marked as filled once nothing differed; else the next run goes on, e.g. with rows that somebody held.
    """
    if capability not in MIRRORED:
        return {"is_filled": True}
    with database.owner_session() as session:
        total = count_rows(session, store_id=store_id, capability=capability)
    first: dict[str, Any] = {}
    count = 0
    for _ in range(PASSES):
        report = backfill(
            database, store_id=store_id, capability=capability, batch=batch,
            progress=(lambda done: progress(done, total)) if progress else None)
        first = first or report
        with database.owner_session() as session:
            count = find_divergences(session, store_id=store_id, capability=capability, since=EVER).count
        if not count:
            break
    return {**first, "is_filled": not count}


def _await_writers(database: Database, patience: float) -> None:
    """Wait until every transaction that has written before this moment has ended. Errors: WritersStillOpen."""
    with database.owner_session() as session:
        xid = int(session.scalar(text("SELECT pg_current_xact_id()::text::bigint")) or 0)
    deadline = time.monotonic() + patience
    while True:
        with database.owner_session() as session:
            oldest = int(session.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")) or 0)
            if oldest > xid:
                return
            pid = session.scalar(text("""
                SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND datname = current_database()
                  AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1"""))
        if time.monotonic() > deadline:
            raise WritersStillOpen(seconds=round(patience), pid=pid)
        time.sleep(0.05)


def check_parity(
    database: Database, *, store_id: UUID, capability: Capability, clock: Clock,
    report: dict[str, Any] | None = None,
) -> Divergence:
    """Compare legacy and new, and keep the result with the state. `report` replaces the kept report's facts."""
    with database.owner_session() as session:
        if capability == "pricing":
            # A window that began or ended by time alone is no divergence, only not yet written down.
            session.execute(text("SELECT refresh_list_prices(:store)"), {"store": store_id})
        if capability == "inventory":
            # Nor is a copy that a mirror gave up writing because somebody held its row.
            session.execute(text("SELECT refresh_legacy_stock(:store)"), {"store": store_id})
        standing = get_standing(session, store_id=store_id)[capability]
        since = _since(standing)
        found = find_divergences(session, store_id=store_id, capability=capability, since=since)
        kept = {**standing.report, **(report or {}), "examples": list(found.examples)}
        if capability == "events":
            kept["accepted"], kept["stored"] = count_events(session, store_id=store_id, since=since)
        now = clock.now()
        if found.count:
            kept.pop("clean_since", None)
        else:
            kept.setdefault("clean_since", now.isoformat())
        _keep(session, store_id=store_id, capability=capability, now=now, count=found.count, report=kept)
    return found


def rollback(
    database: Database, *, store_id: UUID, capability: Capability, clock: Clock, accept_divergence: bool = False
) -> Moved:
    """Take one step back; no row is deleted. Both sides are mirrored down to `dual`, so legacy misses nothing.

    Leaving `dual` ends the mirror to the legacy side, so that step alone asks for parity (or `accept_divergence`).
    Errors: NothingToRollBack, NotInOrder, StillDivergent, LegacyColumnsGone.
    """
    with database.owner_session() as session:
        if is_contracted(session):
            raise LegacyColumnsGone()
        standing = get_standing(session, store_id=store_id)
    before = standing[capability].step
    after = previous_step(capability, before)
    check_order(capability, after, {name: state.step for name, state in standing.items()})
    divergence = check_parity(database, store_id=store_id, capability=capability, clock=clock)
    if before == "dual" and divergence.count and not accept_divergence:
        raise StillDivergent(capability=capability, count=divergence.count, example=divergence.examples[0])
    with database.owner_session() as session:
        _move(session, store_id=store_id, capability=capability, before=before, after=after, now=clock.now())
        if after == "off":
            # What is there stays; coming back starts with a new backfill.
            _keep(session, store_id=store_id, capability=capability, now=clock.now(), count=divergence.count, report={})
    return Moved(capability, before, after, divergence, {})


def _refuse_divergence(capability: Capability, divergence: Divergence, kept: dict[str, Any]) -> None:
    """Refuse what the last comparison found; `kept` is its report."""
    if capability == "events":
        if not is_conserved(accepted=kept["accepted"], stored=kept["stored"]):
            raise NotConserved(accepted=kept["accepted"], stored=kept["stored"])
    elif divergence.count:
        raise StillDivergent(capability=capability, count=divergence.count, example=divergence.examples[0])


def _since(standing: Standing) -> datetime:
    began = standing.report.get("began_at")
    return datetime.fromisoformat(began) if began else EVER


def _move(
    session: Session, *, store_id: UUID, capability: Capability, before: Step, after: Step, now: datetime
) -> None:
    """Set the step, and say so in the audit log, in one transaction; the database refuses a step out of order."""
    report = {"began_at": now.isoformat()} if before == "off" else {}
    session.execute(text("""
        INSERT INTO capability_state (store_id, capability, step, changed_at, report)
        VALUES (:store, :capability, :step, :now, CAST(:report AS jsonb))
        ON CONFLICT (store_id, capability) DO UPDATE SET step = excluded.step, changed_at = excluded.changed_at,
          report = capability_state.report || excluded.report"""),
        {"store": store_id, "capability": capability, "step": after, "now": now, "report": json.dumps(report)})
    verb = "advanced" if STEPS.index(after) > STEPS.index(before) else "rolled_back"
    record_audit(
        session, store_id=store_id, action=f"capability.{verb}", entity_type="capability", entity_id=capability,
        changes={"step": {"old": before, "new": after}}, actor_type="SYSTEM", occurred_at=now)


def _keep(
    session: Session, *, store_id: UUID, capability: Capability, now: datetime, count: int, report: dict[str, Any]
) -> None:
    session.execute(text("""
        UPDATE capability_state SET checked_at = :now, divergence_count = :count, report = CAST(:report AS jsonb)
        WHERE store_id = :store AND capability = :capability"""),
        {"store": store_id, "capability": capability, "now": now, "count": count, "report": json.dumps(report)})
