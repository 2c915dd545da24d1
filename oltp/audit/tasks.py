"""Background work of the audit log: every store gets its secret, also one that nobody has asked for yet."""

from sqlalchemy import text

from oltp.audit.actions import ensure_audit_secret
from oltp.jobs.task import Task, Work

_WITHOUT = text("SELECT id FROM stores WHERE deleted_at IS NULL AND store_audit_secret(id) IS NULL ORDER BY id")


def make_secrets(work: Work) -> None:
    """Make the secrets that are missing; without a key to seal them there are none."""
    if work.secrets is None:
        return
    with work.database.worker_session() as session:
        stores = session.scalars(_WITHOUT).all()
    for store_id in stores:
        with work.database.session_for(store_id) as session:
            ensure_audit_secret(session, store_id=store_id, box=work.secrets)


TASKS = (Task("audit.make_secrets", make_secrets, cron="*/10 * * * *"),)
