"""The database: server, extensions, roles, schema, tenant isolation, partitions, queue and lake catalogue.

Reads as the login itself and only catalogues, so that it works on a database that is half broken.
"""

from datetime import datetime

import psycopg
from psycopg.conninfo import make_conninfo

from oltp.db.roles import EXTENSIONS, ROLES
from stormcom.doctor.finding import Finding
from stormcom.schema import head

LEAST_SERVER = 180000
UPGRADE = "Run `stormcom db upgrade`."
# Without a store_id: reached by platform code only, or through the user who owns the row. Their policies say so.
PLATFORM_TABLES = frozenset({"alembic_version", "currency_rate", "embedding_model", "request_timing"})
BY_USER_TABLES = frozenset(
    {"users", "accounts", "sessions", "memberships", "organizations", "verification_tokens", "stores"}
)

_TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, c.relispartition,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'store_id' AND NOT a.attisdropped),
       ARRAY(SELECT DISTINCT g.grantee::regrole::text FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner),
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
_MISSING_MONTHS = """
SELECT t.name, to_char(m, 'YYYYMM') FROM unnest(ARRAY['analytics_event', 'audit_logs']) AS t (name),
  generate_series(date_trunc('month', %(now)s::timestamptz AT TIME ZONE 'UTC') - interval '12 months',
                  date_trunc('month', %(now)s::timestamptz AT TIME ZONE 'UTC') + interval '11 months', '1 month') AS m
WHERE NOT EXISTS (SELECT FROM month_partitions(('public.' || t.name)::regclass) p
                  WHERE p.from_at <= m AT TIME ZONE 'UTC' AND m AT TIME ZONE 'UTC' < p.to_at) ORDER BY 1, 2
"""


def examine_database(connection: psycopg.Connection, *, now: datetime) -> list[Finding]:
    """Look at the database; `now` says which event partitions must be there."""
    return [
        _server(connection), _extensions(connection), _roles(connection), _schema(connection), _isolation(connection),
        _partitions(connection, now), _queue(connection), _lake(connection),
    ]


def _server(connection: psycopg.Connection) -> Finding:
    found = connection.info.server_version
    is_fine = found >= LEAST_SERVER
    text = f"{found // 10000}.{found % 10000}, database {connection.info.dbname}"
    return Finding("Postgres", is_fine, text, "" if is_fine else "Postgres 18 or newer is needed.")


def _extensions(connection: psycopg.Connection) -> Finding:
    rows = connection.execute("SELECT extname, extversion FROM pg_extension").fetchall()
    found: dict[str, str] = dict(rows)
    missing = [name for name in EXTENSIONS if name not in found]
    if missing:
        return Finding("Extensions", False, f"missing: {', '.join(missing)}", f"Install them on the server. {UPGRADE}")
    return Finding("Extensions", True, ", ".join(f"{name} {found[name]}" for name in EXTENSIONS))


def _roles(connection: psycopg.Connection) -> Finding:
    rows = connection.execute(
        "SELECT rolname, rolbypassrls, rolsuper FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),)
    ).fetchall()
    found: dict[str, tuple[bool, bool]] = {name: (bypasses, is_super) for name, bypasses, is_super in rows}
    wrong = []
    for name, attributes in ROLES.items():
        if name not in found:
            wrong.append(f"{name} is missing")
            continue
        bypasses, is_super = found[name]
        if is_super:
            wrong.append(f"{name} is a superuser, to whom no row-level security applies")
        if bypasses != ("NOBYPASSRLS" not in attributes):
            wrong.append(f"{name} should {'not ' if bypasses else ''}have BYPASSRLS")
    if wrong:
        advice = f"ALTER ROLE … to {', '.join(f'{name}: {text}' for name, text in ROLES.items())}. {UPGRADE}"
        return Finding("Roles", False, "; ".join(wrong), advice)
    return Finding("Roles", True, ", ".join(ROLES))


def _schema(connection: psycopg.Connection) -> Finding:
    try:
        with connection.transaction():
            # The contract's revisions are no numbers; whether a shop has taken it is no fault either way.
            row = connection.execute(
                "SELECT max(version_num) FROM public.alembic_version WHERE version_num ~ '^[0-9]+$'"
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    stands = row[0] if row else None
    is_fine = stands == head()
    text = f"stands at {stands or 'base (no tables)'}" + ("" if is_fine else f", newest is {head()}")
    return Finding("Schema", is_fine, text, "" if is_fine else UPGRADE)


def _isolation(connection: psycopg.Connection) -> Finding:
    """Walk every table and partition: a list would miss the one that was forgotten."""
    wrong, count = [], 0
    for name, is_forced, is_partition, has_store, grantees, has_policy in connection.execute(_TABLES):
        if name in PLATFORM_TABLES:
            continue
        count += 1
        if not is_forced:
            wrong.append(f"{name}: row-level security is not forced")
        if is_partition and grantees:
            wrong.append(f"{name}: {', '.join(grantees)} could pass by the parent's row-level security")
        if not is_partition and has_store and not has_policy:
            wrong.append(f"{name}: no policy")
        if not has_store and name not in BY_USER_TABLES:
            wrong.append(f"{name}: no store_id")
    if wrong:
        advice = "As stormcom_owner: ALTER TABLE … ENABLE and FORCE ROW LEVEL SECURITY; REVOKE ALL on partitions."
        return Finding("Tenant isolation", False, "; ".join(wrong), advice)
    return Finding("Tenant isolation", True, f"row-level security is forced on {count} tables and partitions")


def _partitions(connection: psycopg.Connection, now: datetime) -> Finding:
    """The past and the next twelve months of both tables. The last is made during the month before."""
    try:
        with connection.transaction():
            rows = connection.execute(_MISSING_MONTHS, {"now": now}).fetchall()
    except (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable):
        return Finding("Partitions", False, "the schema has none yet", UPGRADE)
    if rows:
        missing = ", ".join(f"{table}_{month}" for table, month in rows)
        advice = "Start the worker (`stormcom up`): it makes the partitions of the past and the next twelve months."
        return Finding("Partitions", False, f"missing: {missing}", advice)
    return Finding("Partitions", True, f"events and audit entries have those of twelve months around {now:%Y-%m}")


def _queue(connection: psycopg.Connection) -> Finding:
    statement = """
        SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'failed'),
               min(task_name) FILTER (WHERE status = 'failed') FROM procrastinate.procrastinate_jobs"""
    try:
        with connection.transaction():
            waiting, failed, example = connection.execute(statement).fetchone() or (0, 0, None)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return Finding("Job queue", False, "missing", UPGRADE)
    if failed:
        return Finding("Job queue", False, f"{failed} jobs have failed for good, e.g. {example}",
                       "HOME/logs/worker.log says why (job.failed).")
    return Finding("Job queue", True, f"{waiting} jobs waiting, none failed")


def _lake(connection: psycopg.Connection) -> Finding:
    """The lake's catalogue is a database of its own beside the shop's; before the first run there is none."""
    name = f"{connection.info.dbname}_lake"
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return Finding("Lake", True, "not made yet; `stormcom materialize` makes it")
    try:
        url = make_conninfo(connection.info.dsn, dbname=name, password=connection.info.password or None)
        with psycopg.connect(url, connect_timeout=5) as lake:
            row = lake.execute("SELECT count(*) FROM public.ducklake_snapshot").fetchone()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        return Finding("Lake", False, reason, "`stormcom materialize` makes what is missing.")
    return Finding("Lake", True, f"catalogue {name} with {row[0] if row else 0} snapshots")
