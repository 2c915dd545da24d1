"""Publishing: a mart of the lake becomes a table in Postgres, in one transaction, so that no reader sees half a day.

Only rows whose content changed are written: a row keeps the horizon of its last change, `publication` says up to
where the whole mart is complete. The delta is computed before the transaction opens, because an idle transaction
would hold back the next horizon; the transaction then proves that nobody published in between.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars
from psycopg import Cursor, sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import try_lock
from oltp.db.session import Database
from pipelines.publish.errors import LakeIsBehind, PublicationMoved
from pipelines.publish.statements import Target, target_of
from warehouse.connection import Lake
from warehouse.publishing import MartDelta, mart_delta

# Takes a mart and a lake snapshot; raises unless the mart's checks have passed for this snapshot.
Gate = Callable[[str, int], None]


@dataclass(frozen=True)
class Published:
    """What publishing a mart did. `rows_deleted` counts rows that went or were replaced; both are 0 on a re-run."""

    mart: str
    is_full: bool
    rows_inserted: int
    rows_deleted: int
    touched_count: int
    row_count: int
    delta: MartDelta


@dataclass(frozen=True)
class Standing:
    """What is published of a mart: the oldest snapshot and the newest moment over all stores; None if nothing."""

    snapshot_id: int | None
    horizon: int | None
    taken_at: datetime | None


def publish(database: Database, lake: Lake, mart: str, *, gate: Gate) -> Published:
    """Bring a mart's published table to the state of the lake, if `gate` vouches for it.

    Errors: PublicationMoved when somebody else publishes the mart or changes the lake at this moment (try again),
    LakeIsBehind when the lake is older than what is published. Nothing is written in either case.
    """
    target = target_of(mart)
    with database.pipelines_session() as session:
        before = find_standing(session, mart=mart)
    delta = mart_delta(lake, mart, since_snapshot=_since(lake, before))
    if before.taken_at is not None and delta.horizon.taken_at < before.taken_at:
        raise LakeIsBehind(mart=mart, published=before.taken_at, lake=delta.horizon.taken_at)
    gate(mart, delta.snapshot_id)
    with database.pipelines_session() as session:
        if not try_lock(session, scope="publish", key=mart) or find_standing(session, mart=mart) != before:
            raise PublicationMoved(mart=mart)
        return _write(session, target=target, delta=delta)


def find_standing(session: Session, *, mart: str) -> Standing:
    """What is published of a mart."""
    row = session.execute(text("SELECT min(lake_snapshot_id), max(horizon), max(taken_at) FROM publication "
                               "WHERE mart = :mart"), {"mart": mart}).one()
    return Standing(*row)


def _since(lake: Lake, standing: Standing) -> int | None:
    """The snapshot to start from; None (publish everything) unless this lake itself took the published horizon.

    A lake that was deleted and filled again counts its snapshots from 0, so the number alone proves nothing.
    """
    if standing.snapshot_id is None or standing.snapshot_id > lake.snapshot_id():
        return None
    known = lake.query("SELECT 1 FROM meta.horizon WHERE horizon = $horizon AND taken_at = $taken_at",
                       {"horizon": standing.horizon, "taken_at": standing.taken_at})
    return standing.snapshot_id if known else None


def _write(session: Session, *, target: Target, delta: MartDelta) -> Published:
    connection = session.connection().connection.driver_connection
    assert connection is not None
    with connection.cursor() as cursor:
        _stage(cursor, "incoming", target.columns, target, delta.rows)
        if not delta.is_full:
            _stage(cursor, "touched", target.rebuild_key, target, delta.keys)
        for statement in target.drop_orphans():
            cursor.execute(statement)
        deleted = cursor.execute(target.delete_changed(is_full=delta.is_full)).rowcount
        inserted = cursor.execute(target.insert_missing(), {"horizon": delta.horizon.horizon}).rowcount
        cursor.execute(target.upsert_publication(), {
            "mart": target.mart, "horizon": delta.horizon.horizon, "taken_at": delta.horizon.taken_at,
            "snapshot": delta.snapshot_id})
        total = cursor.execute("SELECT coalesce(sum(row_count), 0) FROM publication WHERE mart = %s",
                               (target.mart,)).fetchone()
    return Published(target.mart, delta.is_full, inserted, deleted, delta.keys.height,
                     int(total[0]) if total else 0, delta)


def _stage(cursor: Cursor, name: str, columns: Iterable[str], target: Target, rows: polars.DataFrame) -> None:
    """COPY rows into a temporary table of the transaction, with the column types of the published table."""
    names = list(columns)
    cursor.execute(target.temporary(name, names))
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    with cursor.copy(sql.SQL("COPY pg_temp.{} ({}) FROM STDIN").format(sql.Identifier(name), listed)) as copy:
        for row in rows.select(names).iter_rows():
            copy.write_row(row)
    cursor.execute(sql.SQL("ANALYZE pg_temp.{}").format(sql.Identifier(name)))
