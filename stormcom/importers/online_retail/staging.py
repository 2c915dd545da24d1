"""Prepared rows → batches in the database, each committed by itself, so that a killed run loses one batch
at most.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import polars as pl

from oltp.db.session import Database
from oltp.imports.actions import put_batch
from oltp.imports.queries import list_batch_digests

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Batch:
    """A slice of one entity's rows."""

    entity: str
    ordinal: int
    rows: pl.DataFrame


def batches(frames: dict[str, pl.DataFrame], *, size: int = BATCH_ROWS) -> Iterator[Batch]:
    """All rows in order, at most `size` a batch."""
    for entity, frame in frames.items():
        for ordinal, rows in enumerate(frame.iter_slices(size)):
            if rows.height:
                yield Batch(entity, ordinal, rows)


def stage(
    database: Database, *, store_id: UUID, run_id: UUID, planned: list[Batch], told: Callable[[], object]
) -> None:
    """Commit each batch that is not there yet; `told` is called after each one.

    A batch counts as there when its bytes are the same: those of an older version of the importer are
    replaced.
    """
    with database.session_for(store_id) as session:
        present = list_batch_digests(session, run_id=run_id)
    for batch in planned:
        payload = encode(batch.rows)
        if present.get((batch.entity, batch.ordinal)) != sha256(payload).digest():
            with database.session_for(store_id) as session:
                put_batch(
                    session,
                    store_id=store_id,
                    run_id=run_id,
                    entity=batch.entity,
                    ordinal=batch.ordinal,
                    row_count=batch.rows.height,
                    payload=payload,
                )
        told()


def encode(rows: pl.DataFrame) -> bytes:
    """Rows as an Arrow IPC file."""
    buffer = io.BytesIO()
    rows.rechunk().write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def decode(payload: bytes) -> pl.DataFrame:
    """The rows of an Arrow IPC file."""
    return pl.read_ipc(io.BytesIO(payload))
