"""Background work of access: what has expired is deleted."""

from sqlalchemy import text

from oltp.jobs.task import Task, Work


def purge_expired(work: Work) -> None:
    """Delete sign-in sessions and sign-in links that have expired; only the owner reaches those of everybody."""
    with work.database.owner_session() as session:
        for table in ("sessions", "verification_tokens"):
            session.execute(text(f"DELETE FROM {table} WHERE expires < :now"), {"now": work.clock.now()})


TASKS = (Task("access.purge_expired", purge_expired, cron="31 * * * *"),)
