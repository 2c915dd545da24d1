"""Alembic's entrance: connects with the URL it is handed and becomes the owner before the first statement."""

from alembic import context
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import Connection

from migrations.legacy_columns import LEGACY_COLUMNS
from oltp.metadata import metadata


def include_object(item: object, name: str | None, kind: str, reflected: bool, _: object) -> bool:
    """Pass over what no model maps on purpose: legacy columns and the partitions made by functions."""
    if kind == "column" and reflected:
        return (str(getattr(item, "table", "")), str(name)) not in LEGACY_COLUMNS
    return not (
        kind == "table"
        and reflected
        and name is not None
        and name.startswith(("analytics_event_", "product_embedding_", "procrastinate_"))
    )


def run(connection: Connection) -> None:
    connection.execute(text("SET ROLE stormcom_owner"))
    connection.execute(text("SET row_security = off"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
        compare_type=True,
        transaction_per_migration=True,
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
