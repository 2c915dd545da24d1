"""Freshness: is there anything to show, and is what is published up to date?"""

from datetime import datetime

from sqlalchemy import text

from oltp.db.session import Database
from pipelines.extract.news import find_news


def has_store(database: Database) -> bool:
    """Say whether any store exists, deleted ones included: their owner knows this database."""
    with database.owner_session() as session:
        return bool(session.scalar(text("SELECT EXISTS (SELECT FROM stores)")))


def is_published(database: Database, *, now: datetime) -> bool:
    """Say whether everything written is published, and today: windows and cohorts move with the day."""
    with database.pipelines_session() as session:
        if find_news(session).is_any:
            return False
        oldest: datetime | None = session.scalar(text("SELECT min(taken_at) FROM publication"))
    return oldest is None or oldest.date() == now.date()
