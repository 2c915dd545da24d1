"""Alembic's entrance: connects with the URL it is handed and becomes the owner before the first statement."""

import time

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import Connection

from migrations import steps
from migrations.legacy_columns import LEGACY_COLUMNS, LEGACY_INDEXES
from oltp.metadata import metadata

# A revision made of steps is many transactions, so two programs must not walk the history at once.
_LOCK = 7_240_413


def include_object(item: object, name: str | None, kind: str, reflected: bool, _: object) -> bool:
    """Pass over what no model maps on purpose: legacy columns and indexes, and the partitions made by functions."""
    if kind == "index" and reflected:
        return name not in LEGACY_INDEXES
    if kind == "column" and reflected:
        return (str(getattr(item, "table", "")), str(name)) not in LEGACY_COLUMNS
    return not (
        kind == "table"
        and reflected
        and name is not None
        and name.startswith(("analytics_event_", "audit_logs_", "product_embedding_", "procrastinate_"))
    )


def wait_for_turn(connection: Connection) -> None:
    """Take a lock that ends with the session; asked for again and again, because a waiting statement holds a snapshot.

    An index built concurrently by the one who has the lock would wait for that snapshot, and so for us.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
        connection.commit()
        time.sleep(0.2)


def is_alone(connection: Connection) -> bool:
    """Say whether the database has neither a store nor a user, so that no program can be writing."""
    if connection.scalar(text("SELECT to_regclass('public.stores')")) is None:
        return True
    statement = "SELECT EXISTS (SELECT FROM stores) OR EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM organizations)"
    return not connection.scalar(text(statement))


def forget_steps(ctx: MigrationContext, step: object, heads: object, run_args: object) -> None:
    """Runs in the transaction that stamps a revision."""
    assert ctx.connection is not None
    steps.forget(ctx.connection)


def run(connection: Connection) -> None:
    wait_for_turn(connection)
    connection.execute(text("SET ROLE stormcom_owner"))
    connection.execute(text("SET row_security = off"))
    alone = is_alone(connection)
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        compare_type=True,
        transaction_per_migration=True,
        on_version_apply=forget_steps,
        is_alone=alone,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit("No database URL: run migrations through `stormcom db upgrade`.")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)
    engine.dispose()


main()
