"""The schema's lift: runs Alembic up and down on any database, without an ini file.

The history has two lines. The main one is for everybody; `contract` drops the legacy columns and stands apart, because
an adopted database goes there only when its stores are done. Main revisions are numbers, those of `contract` are not.
"""

import random
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import OperationalError

import migrations
from oltp.db.roles import prepare_database
from oltp.db.session import sqlalchemy_url
from oltp.jobs.schema import drop_schema, ensure_schema

HEAD = "main@head"
CONTRACT = "contract@head"
# A revision gives up when writers keep it waiting; it changed nothing then and may try again.
TRIES = 100
LONGEST_PAUSE_SECONDS = 2.0


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for the database at `url` (a libpq URL)."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(url).replace("%", "%%"))
    return config


def upgrade(url: str, revision: str | None = None) -> None:
    """Create roles, extensions and the job queue where missing, then migrate up to `revision`.

    By default to the newest: a new database takes the contract too, any other one only where it stands there already.
    May be repeated after a crash.
    """
    prepare_database(url)
    ensure_schema(url)
    if revision is not None:
        _climb(url, revision)
        return
    standing = _standing(url)
    _climb(url, HEAD)
    if has_contract() and (not standing or is_contracted(url)):
        _climb(url, CONTRACT)


def _climb(url: str, revision: str) -> None:
    pause = 0.05
    for attempt in range(1, TRIES + 1):
        try:
            command.upgrade(alembic_config(url), revision)
            return
        except OperationalError as error:
            if attempt == TRIES or not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
        time.sleep(pause * (0.5 + random.random()))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision` (`base` removes every table)."""
    command.downgrade(alembic_config(url), revision)
    if revision == "base":
        drop_schema(url)


def current(url: str) -> str | None:
    """Return the revision of the main line the database stands at; None before the first migration."""
    standing = _standing(url)
    script = ScriptDirectory.from_config(alembic_config("postgresql://"))
    # Alembic does not note a revision on which a noted one depends.
    implied = [each for other in standing if not other.isdigit() for each in _dependencies(script, other)]
    return max((each for each in (*standing, *implied) if each.isdigit()), default=None)


def has_contract() -> bool:
    """Say whether this version has a line `contract`."""
    script = ScriptDirectory.from_config(alembic_config("postgresql://"))
    return any("contract" in revision.branch_labels for revision in script.walk_revisions())


def is_contracted(url: str) -> bool:
    """Say whether the database has taken the contract: its legacy columns are gone."""
    return any(not each.isdigit() for each in _standing(url))


def head() -> str:
    """Return the newest revision of the main line."""
    script = ScriptDirectory.from_config(alembic_config("postgresql://"))
    return str(script.as_revision_number(HEAD))


def _standing(url: str) -> tuple[str, ...]:
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()


def _dependencies(script: ScriptDirectory, revision: str) -> list[str]:
    named = script.get_revision(revision).dependencies
    return [named] if isinstance(named, str) else list(named or ())
