"""Marts written by hand, to publish from without running the whole river."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars

from warehouse.connection import Lake
from warehouse.models import MODELS

FIRST_DAY = date(2026, 1, 1)
TAKEN_AT = datetime(2026, 11, 1, tzinfo=UTC)


def take_horizon(lake: Lake, number: int) -> None:
    """Record a pass with horizon 1000 + number, `number` minutes after TAKEN_AT, and that the mart has followed it."""
    row = [number, 1, 1, 1000 + number, TAKEN_AT + timedelta(minutes=number), "delta"]
    with lake.transaction("raw") as connection:
        connection.execute("INSERT INTO meta.horizon VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO meta.progress VALUES ('marts.daily_store_metrics', ?, '1', ?, ?, 1)",
                           [number, row[3], row[4]])


def daily_rows(store: UUID, value: int, *, days: int) -> polars.DataFrame:
    """Rows of daily_store_metrics whose gross sales and orders are `value` on each day."""
    model = MODELS["marts.daily_store_metrics"]
    columns: dict[str, object] = dict.fromkeys(model.names, 0)
    columns |= {"store_id": str(store), "currency": "USD", "orders_count": value}
    columns |= dict.fromkeys(("gross_sales_amount", "net_sales_amount", "total_sales_amount"), value)
    columns["order_view_net_sales_amount"] = value
    rows = [{**columns, "store_day": FIRST_DAY + timedelta(days=n)} for n in range(days)]
    return polars.DataFrame(rows).select(model.names)


def replace_daily(lake: Lake, rows: polars.DataFrame) -> None:
    """Make `rows` the rows of the mart for their stores and days, in one lake transaction."""
    names = ", ".join(MODELS["marts.daily_store_metrics"].names)
    with lake.transaction("marts.daily_store_metrics") as connection:
        connection.register("given", rows.to_arrow())
        connection.execute("DELETE FROM marts.daily_store_metrics WHERE (CAST(store_id AS VARCHAR), store_day) IN "
                           "(SELECT store_id, store_day FROM given)")
        connection.execute(f"INSERT INTO marts.daily_store_metrics ({names}) SELECT {names} FROM given")
        connection.unregister("given")
