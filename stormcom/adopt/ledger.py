"""The adoption's own schema in the target: old keys, rows set aside, findings, and what each repetition did.

Only the owner has a right on it. No model maps it and no migration knows it: a shop that was never adopted has none.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS adoption;
REVOKE ALL ON SCHEMA adoption FROM PUBLIC;
CREATE TABLE IF NOT EXISTS adoption.run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL, is_final boolean NOT NULL, read_only_seconds numeric(12, 3), report jsonb NOT NULL);
-- Every old key ever seen, and its id. A row that is gone keeps its key, so that one that comes back is the same row.
CREATE TABLE IF NOT EXISTS adoption.adopted_key (
  table_name text NOT NULL, old_key text NOT NULL, new_id uuid NOT NULL, first_run bigint NOT NULL, gone_run bigint,
  PRIMARY KEY (table_name, old_key));
-- Of the last repetition only: rows the baseline can't hold, and everything that was decided or looks odd.
CREATE TABLE IF NOT EXISTS adoption.set_aside (
  table_name text NOT NULL, old_key text, "row" jsonb NOT NULL, reason text NOT NULL);
CREATE INDEX IF NOT EXISTS set_aside_table_name_old_key_idx ON adoption.set_aside (table_name, old_key);
CREATE TABLE IF NOT EXISTS adoption.finding (
  kind text NOT NULL, table_name text NOT NULL, old_key text NOT NULL, detail jsonb NOT NULL);
CREATE INDEX IF NOT EXISTS finding_kind_table_name_idx ON adoption.finding (kind, table_name);
"""


@dataclass(frozen=True)
class StoredRun:
    """One repetition as it was recorded. `read_only_seconds`: only of a final one."""

    id: int
    source: str
    began_at: datetime
    ended_at: datetime
    is_final: bool
    read_only_seconds: float | None
    report: dict[str, Any]


def has_ledger(target: psycopg.Connection) -> bool:
    """Say whether anything was ever adopted here."""
    row = target.execute("SELECT to_regclass('adoption.run') IS NOT NULL").fetchone()
    return bool(row and row[0])


def find_last_run(target: psycopg.Connection) -> StoredRun | None:
    """Return the last repetition that was committed."""
    if not has_ledger(target):
        return None
    row = target.execute("""SELECT id, source, began_at, ended_at, is_final, read_only_seconds::float8, report
                            FROM adoption.run ORDER BY id DESC LIMIT 1""").fetchone()
    return StoredRun(*row) if row else None


def next_run_id(target: psycopg.Connection) -> int:
    """Make the schema where it is missing, forget the last repetition's findings, and return this one's number."""
    target.execute(SCHEMA)
    target.execute("TRUNCATE adoption.set_aside, adoption.finding")
    row = target.execute("SELECT nextval(pg_get_serial_sequence('adoption.run', 'id'))").fetchone()
    assert row is not None
    return int(row[0])


def record_run(target: psycopg.Connection, run: StoredRun) -> None:
    """Keep what the repetition did, in its own transaction."""
    target.execute("""INSERT INTO adoption.run OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s)""", (
        run.id, run.source, run.began_at, run.ended_at, run.is_final, run.read_only_seconds, json.dumps(run.report)))


def record_findings(target: psycopg.Connection, run_id: int, *, findings: list[dict[str, Any]]) -> None:
    """Add to the kept report what was found."""
    statement = "UPDATE adoption.run SET report = report || jsonb_build_object('findings', %s::jsonb) WHERE id = %s"
    target.execute(statement, (json.dumps(findings), run_id))


def record_window(target: psycopg.Connection, run_id: int, *, seconds: float) -> None:
    """Keep how long the source was read-only until the target took over."""
    target.execute("UPDATE adoption.run SET read_only_seconds = %s WHERE id = %s", (seconds, run_id))
