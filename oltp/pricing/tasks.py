"""Background work of pricing: windows that begin or end by time alone reach the list price."""

from sqlalchemy import text

from oltp.jobs.task import Task, Work

_STALE = text("""
    SELECT s.id FROM stores s WHERE s.deleted_at IS NULL AND capability_reached(s.id, 'pricing', 'dual')
      AND EXISTS (SELECT FROM stale_list_prices(s.id)) ORDER BY s.id""")


def refresh_list_prices(work: Work) -> None:
    """Set list prices to the windows that hold now, store by store."""
    with work.database.worker_session() as session:
        stores = session.scalars(_STALE).all()
    for store in stores:
        with work.database.session_for(store) as session:
            session.execute(text("SELECT refresh_list_prices(:store)"), {"store": store})


TASKS = (Task("pricing.refresh_list_prices", refresh_list_prices, cron="* * * * *"),)
