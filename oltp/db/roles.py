"""Roles and extensions: what a cluster must offer before the first migration. Safe to run again and again."""

import psycopg
from psycopg import sql

# owner: migrations · app: every request, under row-level security · worker: finds work across stores, then does it
# as app · pipelines: reads what is extracted, writes what is published.
ROLES = {
    "stormcom_owner": "NOLOGIN BYPASSRLS",
    "stormcom_app": "NOLOGIN NOBYPASSRLS",
    "stormcom_worker": "NOLOGIN BYPASSRLS",
    "stormcom_pipelines": "NOLOGIN BYPASSRLS",
}
EXTENSIONS = ("vector", "pg_trgm", "unaccent", "btree_gist", "fuzzystrmatch")
# Two servers starting on one cluster would both find a role missing and both create it.
_LOCK = 7_240_411


def prepare_database(url: str) -> None:
    """Create roles, extensions and the owner's rights in the database at `url`.

    Errors: psycopg.errors.InsufficientPrivilege when the login may create neither roles nor extensions.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        for role, attributes in ROLES.items():
            _ensure_role(connection, role, attributes)
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        database = sql.Identifier(connection.info.dbname)
        for statement in (
            "ALTER DATABASE {} SET timezone = 'UTC'",
            "GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO stormcom_owner",
            "GRANT CONNECT, TEMPORARY ON DATABASE {} TO stormcom_app, stormcom_worker, stormcom_pipelines",
        ):
            connection.execute(sql.SQL(statement).format(database))
        connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO stormcom_owner")
        connection.execute(
            "GRANT USAGE ON SCHEMA public TO stormcom_app, stormcom_worker, stormcom_pipelines"
        )


def _ensure_role(connection: psycopg.Connection, role: str, attributes: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} " + attributes).format(name))
    # Roles live in the cluster and connections take theirs from the login, so the login must be a member.
    member = connection.execute("SELECT pg_has_role(current_user, %s, 'SET')", (role,)).fetchone()
    if member is not None and not member[0]:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
