"""Reads about the database itself: is the schema there that the code expects?"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def find_revision(session: Session) -> str | None:
    """Return the migration of the main line that the database stands at; `session` must be the owner's."""
    if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = session.scalar(
        text("SELECT max(version_num) FROM alembic_version WHERE version_num ~ '^[0-9]+$'")
    )
    return revision


def has_event_partition(session: Session, *, moment: datetime) -> bool:
    """Say whether events that occur at `moment` have a partition to go to."""
    name = f"analytics_event_{moment:%Y%m}"
    return session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None
