"""The schema's lift: runs Alembic up and down on any database, without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

import migrations
from oltp.db.roles import prepare_database
from oltp.db.session import sqlalchemy_url
from oltp.jobs.schema import drop_schema, ensure_schema

HEAD = "main@head"


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for the database at `url` (a libpq URL)."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    return config


def upgrade(url: str, revision: str = HEAD) -> None:
    """Create roles, extensions and the job queue where missing, then migrate up to `revision`."""
    prepare_database(url)
    ensure_schema(url)
    command.upgrade(alembic_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision` (`base` removes every table)."""
    command.downgrade(alembic_config(url), revision)
    if revision == "base":
        drop_schema(url)


def current(url: str) -> str | None:
    """Return the revision the database stands at; None before the first migration."""
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest revision of the main line."""
    script = ScriptDirectory.from_config(alembic_config("postgresql://"))
    return str(script.as_revision_number(HEAD))
