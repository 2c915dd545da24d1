"""Writes of an import: begin a run, put its batches one transaction each, complete it in the last."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.ids import new_id


def begin_run(
    session: Session, *, store_id: UUID, source: str, file_name: str, file_hash: str, now: datetime
) -> UUID:
    """Record that this file is being staged; a run that was interrupted goes on under its old id."""
    statement = text("""
        INSERT INTO import_run (id, store_id, source, file_name, file_hash, status, started_at)
        VALUES (:id, :store, :source, :file_name, :file_hash, 'staging', :now)
        ON CONFLICT (store_id, source, file_hash) DO UPDATE SET file_name = excluded.file_name RETURNING
        id""")
    facts = {"source": source, "file_name": file_name, "file_hash": file_hash, "now": now}
    run_id = session.scalar(statement, {"id": new_id(), "store": store_id, **facts})
    assert isinstance(run_id, UUID)
    return run_id


def put_batch(
    session: Session,
    *,
    store_id: UUID,
    run_id: UUID,
    entity: str,
    ordinal: int,
    row_count: int,
    payload: bytes,
) -> None:
    """Stage one batch, in place of what an older version of the importer may have left there."""
    statement = text("""
        INSERT INTO import_batch (store_id, run_id, entity, ordinal, row_count, payload)
        VALUES (:store, :run, :entity, :ordinal, :row_count, :payload)
        ON CONFLICT (store_id, run_id, entity, ordinal)
        DO UPDATE SET row_count = excluded.row_count, payload = excluded.payload""")
    key = {"store": store_id, "run": run_id, "entity": entity, "ordinal": ordinal}
    session.execute(statement, {**key, "row_count": row_count, "payload": payload})


def complete_run(session: Session, *, run_id: UUID, report: Mapping[str, Any], now: datetime) -> None:
    """Mark the run complete, keep its report, drop its batches.

    To be the end of the publishing transaction.
    """
    statement = text("""
        UPDATE import_run SET status = 'complete', completed_at = :now, report = CAST(:report AS jsonb)
        WHERE id = :run""")
    session.execute(statement, {"run": run_id, "report": json.dumps(report), "now": now})
    session.execute(text("DELETE FROM import_batch WHERE run_id = :run"), {"run": run_id})
