"""Refreshing a model: rebuild the keys touched since its last refresh, or all of them, in one lake transaction."""

import time
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

import duckdb

from warehouse.connection import Lake
from warehouse.horizon import Horizon, NothingExtracted
from warehouse.merging import count
from warehouse.model import EVERYTHING, KEY_COLUMNS, Model
from warehouse.models import MODELS
from warehouse.runner import bound, load_sql, narrowed
from warehouse.touching import emit, emit_all

Mode = Literal["full", "touched", "nothing"]
Progress = tuple[int, str]  # last pass worked off, version that made the rows


@dataclass(frozen=True)
class Refresh:
    """What a refresh did. `rows_changed`: rows that came, went or got another value; 0 on a re-run."""

    model: str
    mode: Mode
    touched_count: int
    rows_deleted: int
    rows_inserted: int
    rows_changed: int
    row_count: int
    pass_id: int
    horizon: Horizon
    snapshot_id: int
    seconds: float


def refresh(lake: Lake, model: str, *, full: bool = False) -> Refresh:
    """Bring a model (full name) up to the last pass. KeyError: no such model; NothingExtracted: no pass yet."""
    started = time.perf_counter()
    chosen = MODELS[model]
    locks = (model, "meta.touched") if chosen.emits else (model,)
    with lake.transaction(*locks) as connection:
        horizon, pass_id, progress = _state(connection, chosen)
        mode, touched = _mode(connection, chosen, pass_id, progress, full=full)
        deleted, inserted, changed = (0, 0, 0) if mode == "nothing" else _rebuild(connection, chosen, horizon, mode)
        if mode != "nothing":
            _emit(connection, chosen, pass_id + 1, mode, changed)
        if (pass_id, chosen.version) != progress:
            _store(connection, chosen, pass_id, horizon)
        rows = count(connection, model)
    seconds = time.perf_counter() - started
    return Refresh(
        model, mode, touched, deleted, inserted, changed, rows, pass_id, horizon, lake.snapshot_id(), seconds
    )


def refresh_mart(lake: Lake, mart: str, *, full: bool = False) -> Refresh:
    """Bring a mart up to the last pass."""
    return refresh(lake, f"marts.{mart}", full=full)


def refresh_all(lake: Lake, *, full: bool = False) -> list[Refresh]:
    """Bring every model up to the last pass, each after those it reads."""
    return [refresh(lake, name, full=full) for name in MODELS]


def content_hash(lake: Lake, model: str) -> str:
    """A hash of a model's rows that does not depend on their order; equal rows, equal hash."""
    columns = ", ".join(MODELS[model].names)
    rows = lake.query(
        f"SELECT COUNT(*), COALESCE(SUM(CAST(HASH(t) AS HUGEINT)), 0) FROM (SELECT {columns} FROM {model}) AS t"
    )
    return f"{rows[0][0]}-{rows[0][1]:x}"


def _state(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[Horizon, int, Progress | None]:
    """The stored horizon, the number of the last pass, and how far the model has come. One query: each costs a trip."""
    row = connection.execute(
        "SELECT h.system_identifier, h.timeline, h.horizon, h.taken_at, GREATEST(h.pass_id, COALESCE(t.pass_id, 0)), "
        "p.pass_id, p.version FROM (SELECT * FROM meta.horizon ORDER BY pass_id DESC LIMIT 1) AS h "
        "CROSS JOIN (SELECT MAX(pass_id) AS pass_id FROM meta.touched) AS t LEFT JOIN (SELECT * FROM meta.progress "
        "WHERE model = ? ORDER BY pass_id DESC, lake_snapshot_id DESC LIMIT 1) AS p ON TRUE",
        [model.full_name],
    ).fetchone()
    if row is None:
        raise NothingExtracted(NothingExtracted.__doc__)
    horizon = Horizon(row[0], row[1], row[2], row[3].astimezone(UTC))
    return horizon, int(row[4]), (int(row[5]), str(row[6])) if row[6] is not None else None


def _store(connection: duckdb.DuckDBPyConnection, model: Model, pass_id: int, horizon: Horizon) -> None:
    connection.execute(
        "INSERT INTO meta.progress SELECT ?, ?, ?, ?, ?, id FROM ducklake_current_snapshot('lake')",
        [model.full_name, pass_id, model.version, horizon.horizon, horizon.taken_at.isoformat()],
    )


def _mode(
    connection: duckdb.DuckDBPyConnection, model: Model, pass_id: int, progress: Progress | None, *, full: bool
) -> tuple[Mode, int]:
    """Decide how much to rebuild, make `touched_keys`, and count them."""
    since = progress[0] if progress else pass_id  # a model that was never built needs no list
    parts = [f"{text} AS {name}" for name, text in KEY_COLUMNS[model.touched_kinds[0]].items()]
    kinds = ", ".join(f"'{kind}'" for kind in (*model.touched_kinds, EVERYTHING))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE listed AS SELECT DISTINCT store_id, key FROM meta.touched "
        f"WHERE kind IN ({kinds}) AND pass_id > {since} AND pass_id <= {pass_id}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE touched_keys AS SELECT {', '.join(['store_id', *parts])} "
        "FROM listed WHERE key IS NOT NULL"
    )
    if full or progress is None or progress[1] != model.version or model.follows_clock:
        return "full", 0
    if count(connection, "listed WHERE key IS NULL"):
        return "full", 0
    touched = count(connection, "touched_keys")
    return ("touched", touched) if touched else ("nothing", 0)


def _rebuild(connection: duckdb.DuckDBPyConnection, model: Model, horizon: Horizon, mode: Mode) -> tuple[int, int, int]:
    """Compute the rows anew and write those keys whose rows differ. Returns rows deleted, inserted, changed."""
    names, key = ", ".join(model.names), ", ".join(model.rebuild_key)
    where = f"WHERE ({key}) IN (SELECT {key} FROM touched_keys)" if mode == "touched" else ""
    text = narrowed(model.schema, model.name, model.narrow) if mode == "touched" else load_sql(model.schema, model.name)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stale AS SELECT {names} FROM {model.full_name} {where}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {names} FROM ({text}) AS f {where}",
        bound(text, {"taken_at": horizon.taken_at.isoformat()}),
    )
    if not count(connection, "stale"):
        connection.execute("CREATE OR REPLACE TEMP VIEW changed AS FROM fresh")
        return 0, _insert(connection, model, "fresh"), count(connection, "fresh")
    connection.execute("DROP VIEW IF EXISTS changed")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE changed_rows AS (FROM stale EXCEPT ALL FROM fresh) "
        "UNION ALL (FROM fresh EXCEPT ALL FROM stale)"
    )
    connection.execute("CREATE OR REPLACE TEMP VIEW changed AS FROM changed_rows")
    changed = count(connection, "changed_rows")
    if not changed:
        return 0, 0, 0
    mine = f"({key}) IN (SELECT {key} FROM changed_rows)"
    deleted = count(connection, f"stale WHERE {mine}")
    if deleted:
        connection.execute(f"DELETE FROM {model.full_name} WHERE {mine}")
    return deleted, _insert(connection, model, f"fresh WHERE {mine}"), changed


def _insert(connection: duckdb.DuckDBPyConnection, model: Model, source: str) -> int:
    names, rows = ", ".join(model.names), count(connection, source)
    if rows:
        connection.execute(f"INSERT INTO {model.full_name} ({names}) SELECT {names} FROM {source}")
    return rows


def _emit(connection: duckdb.DuckDBPyConnection, model: Model, pass_id: int, mode: Mode, changed: int) -> None:
    """Hand the change on. After a full rebuild all keys of the kinds count as touched, whatever their rows say."""
    for kind, select in model.emits.items():
        if mode == "full" and not model.follows_clock:
            emit_all(connection, pass_id, kind)
        elif changed or mode == "touched":
            emit(connection, pass_id, kind, select)
