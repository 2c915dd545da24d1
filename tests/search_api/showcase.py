"""A lively shop's published rows, made up from a seed: seasons, refunds, cohorts, channels, best-sellers."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from oltp.catalog.models import Product
from oltp.db.session import Database
from oltp.insights.models import CohortMetrics, OrderAttribution, ProductSalesWindow
from oltp.kit.ids import new_id
from tests.search_api.published import MARTS, cohort_row, credit_row, day_row, publish_days, publish_mart

CHANNELS = (
    ("Organic Search", "google", 30),
    ("Direct", "(direct)", 26),
    ("Paid Search", "google", 18),
    ("Email", "newsletter", 12),
    ("Paid Social", "facebook", 9),
    ("Organic Social", "instagram", 6),
    ("Referral", "blog.example", 4),
    ("Affiliates", "partner", 3),
)


def publish_showcase(
    database: Database,
    store_id: UUID,
    *,
    last_on: date,
    taken_at: datetime,
    days_count: int = 240,
    currency: str = "USD",
    seed: int = 7,
) -> None:
    """Publish a lively shop: seasons and weekends, refunds, cohorts that fade, channels, best-sellers."""
    chance = random.Random(seed)
    days = [last_on - timedelta(back) for back in range(days_count - 1, -1, -1)]
    rows = [_lively_day(store_id, day, number, currency, chance) for number, day in enumerate(days)]
    publish_days(database, rows, taken_at=taken_at)
    with database.pipelines_session() as session:
        for mart in MARTS[1:]:
            publish_mart(session, store_id=store_id, mart=mart, taken_at=taken_at)
        session.execute(insert(CohortMetrics), list(_fading_cohorts(store_id, last_on, currency, chance)))
        session.execute(insert(OrderAttribution), list(_credits(store_id, days, currency, chance)))
    _publish_products(database, store_id, last_on, currency, chance)


def _lively_day(store_id: UUID, day: date, number: int, currency: str, chance: random.Random) -> dict[str, Any]:
    rhythm = (0.85, 0.9, 0.95, 1.0, 1.15, 1.35, 1.2)[day.weekday()]
    orders = max(0, round((18 + number / 12) * rhythm * chance.uniform(0.7, 1.3)))
    gross = sum(round(chance.lognormvariate(8.6, 0.6)) for _ in range(orders))
    reversals = round(gross * chance.choice((0, 0, 0.03, 0.08, 0.2)))
    new = round(orders * chance.uniform(0.5, 0.7))
    return day_row(
        store_id,
        day,
        currency=currency,
        gross_sales_amount=gross,
        discounts_amount=round(gross * 0.04),
        sales_reversals_amount=reversals,
        order_view_reversals_amount=round(gross * 0.05),
        orders_count=orders,
        units_sold_count=orders * 2,
        new_customers_count=new,
        returning_customers_count=orders - new,
        sessions_count=orders * 31,
        converted_sessions_count=orders,
        visitors_count=orders * 24,
    )


def _fading_cohorts(store_id: UUID, last_on: date, currency: str, chance: random.Random) -> list[dict[str, Any]]:
    months = [
        date(last_on.year + (last_on.month - 1 - back) // 12, (last_on.month - 1 - back) % 12 + 1, 1)
        for back in range(8, -1, -1)
    ]
    rows = []
    for number, month in enumerate(months):
        size, worth = chance.randint(160, 420), 0
        for index in range(len(months)):
            if index >= len(months) - number:
                rows.append(cohort_row(store_id, month, index, size, None, currency=currency))
                continue
            retained = size if index == 0 else round(size * chance.uniform(0.7, 1.3) * (0.26 - 0.012 * index))
            worth += retained * 5400
            rows.append(
                cohort_row(
                    store_id,
                    month,
                    index,
                    size,
                    retained,
                    currency=currency,
                    revenue_amount=retained * 5400,
                    cum_revenue_amount=worth,
                )
            )
    return rows


def _credits(store_id: UUID, days: Sequence[date], currency: str, chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    for day in days[-100:]:
        for _ in range(8):
            order_id, amount = uuid4(), round(chance.lognormvariate(8.6, 0.6))
            for model in ("first", "last", "last_non_direct", "linear"):
                channel, source, _ = chance.choices(CHANNELS, [weight for _, _, weight in CHANNELS])[0]
                if chance.random() < 0.08:
                    channel, source = "unattributed", None
                rows.append(
                    credit_row(store_id, order_id, day, channel, amount, model=model, source=source, currency=currency)
                )
    return rows


def _publish_products(database: Database, store_id: UUID, last_on: date, currency: str, chance: random.Random) -> None:
    names = (
        "Linen Throw, Sand",
        "Stoneware Mug Set of 4",
        "Oak Serving Board, large",
        "Beeswax Candle “Harbour”",
        "Wool Blanket, Herringbone",
        "Cast-Iron Teapot",
        "Recycled Glass Carafe",
        "Merino Socks, 3 Pairs",
        "Hand-Thrown Bowl",
        "Brass Desk Lamp",
        "Cotton Tea Towels",
        "Rattan Basket",
    )
    made = [(new_id(), name, f"SC-{1000 + number * 37}") for number, name in enumerate(names)]
    with database.session_for(store_id) as session:
        session.execute(
            insert(Product),
            [
                {
                    "id": product_id,
                    "store_id": store_id,
                    "name": name,
                    "slug": sku.lower(),
                    "sku": sku,
                    "price_amount": 100,
                    "currency": currency,
                }
                for product_id, name, sku in made
            ],
        )
    with database.pipelines_session() as session:
        for window_days in (7, 30, 90, 365):
            session.execute(
                insert(ProductSalesWindow),
                [
                    {
                        "store_id": store_id,
                        "window_days": window_days,
                        "rank": rank,
                        "product_id": product_id,
                        "sku": sku,
                        "name": name,
                        "units_count": (14 - rank) * window_days // 3 + chance.randint(0, 4),
                        "gross_sales_amount": (14 - rank) * window_days * 1730 + chance.randint(0, 900),
                        "currency": currency,
                        "starts_on": last_on - timedelta(window_days - 1),
                        "ends_on": last_on,
                        "horizon": 1,
                    }
                    for rank, (product_id, name, sku) in enumerate(made, 1)
                ],
            )
