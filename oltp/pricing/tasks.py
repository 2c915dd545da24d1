"""Background work of pricing: windows that begin or end by time alone reach the list price; rates are fetched."""

from sqlalchemy import text

from oltp.jobs.task import Task, Work
from oltp.pricing.ecb import fetch_rates, read_rates, store_rates

# A product whose price has ended keeps the last one: there is nothing to be set.
_STALE = text("""
    SELECT s.id FROM stores s WHERE s.deleted_at IS NULL AND capability_reached(s.id, 'pricing', 'dual')
      AND EXISTS (SELECT FROM stale_list_prices(s.id) d WHERE d.variant IS NOT NULL OR d.row_amount IS NOT NULL)
    ORDER BY s.id""")


def refresh_list_prices(work: Work) -> None:
    """Set list prices to the windows that hold now, store by store."""
    with work.database.worker_session() as session:
        stores = session.scalars(_STALE).all()
    for store in stores:
        with work.database.session_for(store) as session:
            session.execute(text("SELECT refresh_list_prices(:store)"), {"store": store})


def refresh_rates(work: Work) -> None:
    """Add the ECB's rates of the day, where somebody said where they are. A day that is known stays as it is."""
    if work.rates_url is None:
        return
    rates = read_rates(fetch_rates(work.rates_url))
    with work.database.worker_session() as session:
        store_rates(session, rates=rates)


TASKS = (
    Task("pricing.refresh_list_prices", refresh_list_prices, cron="* * * * *"),
    # The ECB publishes at about 16:00 in Frankfurt, summer and winter; an hour later it is certainly there.
    Task("pricing.refresh_rates", refresh_rates, cron="30 16 * * *"),
)
