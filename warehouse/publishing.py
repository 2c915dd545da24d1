"""What has to be published: the rows of a mart that changed since a snapshot of the lake. Writes nothing."""

from dataclasses import dataclass

import duckdb
import polars

from warehouse.connection import Lake
from warehouse.horizon import Horizon, NothingExtracted
from warehouse.models import MODELS


@dataclass(frozen=True)
class MartDelta:
    """`is_full`: replace all. Else replace the rows of `keys` (columns of the mart's rebuild key) by `rows`.

    `row_count` is the whole mart's; `horizon` is what the mart is complete to; UUIDs come as text.
    """

    mart: str
    is_full: bool
    keys: polars.DataFrame
    rows: polars.DataFrame
    row_count: int
    snapshot_id: int
    horizon: Horizon


def mart_delta(lake: Lake, mart: str, *, since_snapshot: int | None) -> MartDelta:
    """What changed after `since_snapshot` (the one published last; None: everything).

    NothingExtracted if the mart was never built. A snapshot that expired gives everything.
    """
    model = MODELS[f"marts.{mart}"]
    names, key = ", ".join(model.names), ", ".join(model.rebuild_key)
    with lake.transaction() as connection:  # rows, keys and horizon of one snapshot
        snapshot_id, horizon = lake.snapshot_id(), _horizon_of(connection, model.full_name)
        is_full = since_snapshot is None or not _is_kept(connection, since_snapshot)
        if not is_full:
            assert since_snapshot is not None
            _changed_keys(connection, mart, key, since_snapshot, snapshot_id)
        where = "" if is_full else f"WHERE ({key}) IN (SELECT {key} FROM changed_keys)"
        keys = connection.execute("FROM changed_keys").pl() if not is_full else polars.DataFrame()
        rows = connection.execute(f"SELECT {names} FROM {model.full_name} {where} ORDER BY ALL").pl()
    return MartDelta(mart, is_full, keys, rows, lake_row_count(lake, mart), snapshot_id, horizon)


def lake_row_count(lake: Lake, mart: str) -> int:
    """Rows of a mart in the lake."""
    return int(lake.query(f"SELECT COUNT(*) FROM {MODELS[f'marts.{mart}'].full_name}")[0][0])


def _horizon_of(connection: duckdb.DuckDBPyConnection, model: str) -> Horizon:
    row = connection.execute(
        "SELECT h.system_identifier, h.timeline, p.horizon, p.taken_at FROM meta.progress AS p "
        "JOIN meta.horizon AS h ON h.horizon = p.horizon AND h.taken_at = p.taken_at WHERE p.model = ? "
        "ORDER BY p.pass_id DESC, p.lake_snapshot_id DESC LIMIT 1",
        [model],
    ).fetchone()
    if row is None:
        raise NothingExtracted(f"{model} was never built: refresh it first.")
    return Horizon(*row)


def _is_kept(connection: duckdb.DuckDBPyConnection, snapshot_id: int) -> bool:
    row = connection.execute(
        "SELECT COUNT(*) FROM ducklake_snapshots('lake') WHERE snapshot_id = ?", [snapshot_id]
    ).fetchone()
    return row == (1,)


def _changed_keys(
    connection: duckdb.DuckDBPyConnection, mart: str, key: str, since_snapshot: int, until_snapshot: int
) -> None:
    if since_snapshot >= until_snapshot:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE changed_keys AS SELECT {key} FROM marts.{mart} LIMIT 0")
        return
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_keys AS SELECT DISTINCT {key} "
        f"FROM ducklake_table_changes('lake', 'marts', '{mart}', {since_snapshot + 1}, {until_snapshot})"
    )
