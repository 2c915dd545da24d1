"""What is known about imports. Every session is one of `Database.session_for`: a store sees only its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

STAGING = "staging"
COMPLETE = "complete"


@dataclass(frozen=True)
class StoredRun:
    """One file's import into one store. `report` is empty until the run is complete."""

    id: UUID
    status: str
    report: dict[str, Any]


def find_run(session: Session, *, source: str, file_hash: str) -> StoredRun | None:
    """The run of the file with this content, whatever its name."""
    statement = text(
        "SELECT id, status, report FROM import_run WHERE source = :source AND file_hash = :file_hash"
    )
    row = session.execute(statement, {"source": source, "file_hash": file_hash}).one_or_none()
    return None if row is None else StoredRun(row.id, row.status, row.report)


def list_batch_digests(session: Session, *, run_id: UUID) -> dict[tuple[str, int], bytes]:
    """(entity, ordinal) → sha256 of every batch that is staged."""
    statement = text(
        "SELECT entity, ordinal, sha256(payload) AS digest FROM import_batch WHERE run_id = :run"
    )
    rows = session.execute(statement, {"run": run_id})
    return {(row.entity, row.ordinal): bytes(row.digest) for row in rows}


def get_batch(session: Session, *, run_id: UUID, entity: str, ordinal: int) -> bytes:
    """The payload of one staged batch. Raises NoResultFound."""
    statement = text(
        "SELECT payload FROM import_batch WHERE run_id = :run AND entity = :entity AND ordinal = :ordinal"
    )
    row = session.execute(statement, {"run": run_id, "entity": entity, "ordinal": ordinal}).one()
    return bytes(row.payload)
