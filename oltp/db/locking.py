"""Locks: the only home of advisory locks and FOR UPDATE, so that their order can be seen in one place."""

from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session


def try_lock(session: Session, *, scope: str, key: UUID | str) -> bool:
    """Take the transaction-long advisory lock of (scope, key); False when another transaction holds it."""
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(session.scalar(statement, {"name": f"{scope}:{key}"}))


def lock_schema(connection: psycopg.Connection, key: int) -> None:
    """Wait for the transaction-long lock `key`, so that two programs starting at once change a schema in turn."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
