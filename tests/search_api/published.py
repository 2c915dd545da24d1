"""Published rows for tests: what the pipelines would have brought to Postgres."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.insights.models import DailyStoreMetrics, Publication

MARTS = ("daily_store_metrics", "cohort_metrics", "order_attribution", "product_sales_window")


def day_row(store_id: UUID, day: date, *, currency: str = "USD", **numbers: int) -> dict[str, Any]:
    """Return a row of daily_store_metrics with zeros but for `numbers`; the derived sums fit by themselves."""
    row: dict[str, Any] = {
        column.name: 0 for column in DailyStoreMetrics.__table__.columns if column.name.endswith(("_amount", "_count"))
    }
    row |= {"store_id": store_id, "store_day": day, "currency": currency, "horizon": 1, **numbers}
    sold = row["gross_sales_amount"] - row["discounts_amount"]
    row["net_sales_amount"] = sold - row["sales_reversals_amount"]
    row["order_view_net_sales_amount"] = sold - row["order_view_reversals_amount"]
    row["total_sales_amount"] = row["net_sales_amount"] + row["shipping_amount"] + row["taxes_amount"]
    return row


def publish_days(database: Database, rows: Sequence[dict[str, Any]], *, taken_at: datetime) -> None:
    """Publish store-days and how far they go."""
    with database.pipelines_session() as session:
        session.execute(insert(DailyStoreMetrics), list(rows))
        for store_id in {row["store_id"] for row in rows}:
            publish_mart(session, store_id=store_id, mart="daily_store_metrics", taken_at=taken_at)


def publish_mart(session: Session, *, store_id: UUID, mart: str, taken_at: datetime) -> None:
    """Say of a mart that it is complete up to `taken_at`."""
    session.execute(
        insert(Publication),
        {"store_id": store_id, "mart": mart, "horizon": 1, "taken_at": taken_at, "lake_snapshot_id": 1, "row_count": 1},
    )


def cohort_row(
    store_id: UUID, cohort_on: date, period_index: int, size: int, retained: int | None, **over: Any
) -> dict[str, Any]:
    """Return a cell of the cohort triangle; revenue is 1,000 minor units a head."""
    worth = None if retained is None else retained * 1000
    return {
        "store_id": store_id,
        "cohort_grain": "month",
        "cohort_on": cohort_on,
        "period_index": period_index,
        "cohort_size_count": size,
        "retained_count": retained,
        "revenue_amount": worth,
        "cum_revenue_amount": worth,
        "orders_count": retained,
        "currency": "USD",
        "horizon": 1,
        **over,
    }


def credit_row(
    store_id: UUID, order_id: UUID, day: date, channel: str, amount: int, *, model: str = "last", **over: Any
) -> dict[str, Any]:
    """Return a row of order_attribution."""
    return {
        "store_id": store_id,
        "order_id": order_id,
        "model": model,
        "ordinal": 0 if channel == "unattributed" else 1,
        "channel": channel,
        "source": None,
        "credit_amount": amount,
        "currency": "USD",
        "placed_on": day,
        "horizon": 1,
        **over,
    }
