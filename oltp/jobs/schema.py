"""The queue's tables: procrastinate's own, in a schema of their own in the shop's database. Safe to run again."""

from importlib.metadata import version
from pathlib import Path

import psycopg
from packaging.version import Version
from procrastinate.schema import SchemaManager, migrations_path

from oltp.db.locking import lock_schema

SCHEMA = "procrastinate"
_LOCK = 7_240_412
_PATH = "SET search_path = procrastinate, pg_temp"

# The functions and triggers name each other without a schema; pinned, they work for callers with any search path.
_PIN = """
DO $$ DECLARE each regprocedure; BEGIN
  FOR each IN SELECT oid FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = procrastinate, pg_temp', each);
  END LOOP; END $$
"""
# The application may put jobs in, nothing else: a job's arguments name other tenants' rows.
_RIGHTS = """
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA procrastinate FROM PUBLIC;
GRANT USAGE ON SCHEMA procrastinate TO stormcom_app, stormcom_worker, stormcom_pipelines;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO stormcom_worker;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA procrastinate TO stormcom_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA procrastinate TO stormcom_worker;
ALTER FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[]) SECURITY DEFINER;
GRANT EXECUTE ON FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[])
  TO stormcom_app, stormcom_pipelines;
"""


def ensure_schema(url: str) -> None:
    """Make the queue's schema, or bring it to the installed version, in one transaction as the owner."""
    installed = Version(version("procrastinate"))
    with psycopg.connect(url) as connection:
        lock_schema(connection, _LOCK)
        connection.execute("SET LOCAL ROLE stormcom_owner; SET LOCAL lock_timeout = '5s'")
        stands = _find_version(connection)
        if stands == installed:
            return
        if stands is None:
            connection.execute("CREATE SCHEMA IF NOT EXISTS procrastinate")
        connection.execute(_PATH)
        for script in _scripts(stands, installed):
            connection.execute(script)
        connection.execute(_PIN)
        connection.execute(_RIGHTS)
        connection.execute(f"COMMENT ON SCHEMA procrastinate IS 'version {installed}'".encode())


def drop_schema(url: str) -> None:
    """Remove the queue with every job in it."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE stormcom_owner")
        connection.execute("DROP SCHEMA IF EXISTS procrastinate CASCADE")


def _find_version(connection: psycopg.Connection) -> Version | None:
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (SCHEMA,)
    ).fetchone()
    return None if row is None or row[0] is None else Version(row[0].removeprefix("version "))


def _scripts(stands: Version | None, installed: Version) -> list[bytes]:
    """Everything for a new schema; the package's migrations in between for an older one (named 03.04.00_01_…)."""
    if stands is None:
        return [SchemaManager.get_schema().encode()]
    paths = sorted(Path(migrations_path).glob("*.sql"))
    return [path.read_bytes() for path in paths if stands < Version(path.name.split("_", 1)[0]) <= installed]
