"""Marts: what is published, one row per grain that people ask for."""

from warehouse.columns import columns_of
from warehouse.model import Model, keys_in

_UTC_DATE = (
    "(store_id, CAST(corrected_at AS DATE)) IN (SELECT store_id, CAST(store_day + INTERVAL (d) DAY AS DATE) "
    "FROM touched_keys, range(-1, 2) AS r(d))"
)
_IN_ORDERS = "(store_id, order_id) IN (SELECT store_id, order_id FROM touched_keys)"
_PERSONS_OF_DAYS = (
    "(store_id, person) IN (SELECT store_id, person FROM staging.orders "
    "WHERE (store_id, placed_day) IN (SELECT store_id, store_day FROM touched_keys))"
)
_IN_COHORTS = (
    "(store_id, first_month) IN (SELECT store_id, cohort_on FROM touched_keys WHERE cohort_grain = 'month') "
    "OR (store_id, first_week) IN (SELECT store_id, cohort_on FROM touched_keys WHERE cohort_grain = 'week')"
)
_STORES = "store_id IN (SELECT store_id FROM touched_keys)"

DAILY_STORE_METRICS = Model(
    "marts",
    "daily_store_metrics",
    "One row per store-day with activity: sales in both views, orders, customers, visits.",
    columns_of("""
store_id UUID the tenant
store_day DATE date in the store's time zone
currency VARCHAR ISO-4217 code
gross_sales_amount BIGINT before discounts, by placed day
discounts_amount BIGINT discounts on goods, by placed day
sales_reversals_amount BIGINT refunds and cancellations, by the day they were processed
net_sales_amount BIGINT gross − discounts − reversals
shipping_amount BIGINT charged − refunded
taxes_amount BIGINT charged − refunded
total_sales_amount BIGINT net + shipping + taxes
order_view_reversals_amount BIGINT refunds and cancellations, by their order's day
order_view_net_sales_amount BIGINT gross − discounts − order-view reversals
orders_count BIGINT counted orders
orders_cancelled_count BIGINT of them now cancelled
units_sold_count BIGINT pieces ordered
units_reversed_count BIGINT pieces refunded or cancelled
new_customers_count BIGINT persons whose first counted order is on this day
returning_customers_count BIGINT persons who ordered before
sessions_count BIGINT visits that start on this day
converted_sessions_count BIGINT of them with a purchase
visitors_count BIGINT distinct persons of these visits
page_views_count BIGINT without bots
product_views_count BIGINT without bots
funnel_cart_count BIGINT visits with view, then cart
funnel_checkout_count BIGINT … then checkout
funnel_order_count BIGINT … then purchase
bot_events_count BIGINT events of bots
late_events_count BIGINT events received on a later store-day"""),
    ("store_id", "store_day"),
    ("store_id", "store_day"),
    ("store_day",),
    {
        "o": keys_in("store_id, placed_day", "store_id, store_day"),
        "m": keys_in("store_id, moved_day", "store_id, store_day"),
        "v": keys_in("store_id, view_day", "store_id, store_day"),
        "s": keys_in("store_id, store_day"),
        "e": _UTC_DATE,
        "c": _PERSONS_OF_DAYS,
    },
)

COHORT_METRICS = Model(
    "marts",
    "cohort_metrics",
    "One row per cohort (month or week of the first order) and period n after it.",
    columns_of("""
store_id UUID the tenant
cohort_grain VARCHAR month or week
cohort_on DATE first day of the cohort's month or week
period_index INTEGER months or weeks later
cohort_size_count BIGINT persons in the cohort
retained_count BIGINT of them with a counted order in the period
revenue_amount BIGINT gross − discounts − reversals of the period's orders
cum_revenue_amount BIGINT the same up to the period
orders_count BIGINT counted orders of the period
currency VARCHAR ISO-4217 code"""),
    ("store_id", "cohort_grain", "cohort_on", "period_index"),
    ("store_id", "cohort_grain", "cohort_on"),
    ("cohort",),
    {"c": _IN_COHORTS},
)

ORDER_ATTRIBUTION = Model(
    "marts",
    "order_attribution",
    "One row per counted order, model and credited visit of the 30 days before it.",
    columns_of("""
store_id UUID the tenant
order_id UUID the order
model VARCHAR first, last, last_non_direct or linear
ordinal INTEGER position of the visit, 0 without one
touch_id VARCHAR session_id
channel VARCHAR by the channel rules, or unattributed
source VARCHAR of the visit
medium VARCHAR of the visit
campaign VARCHAR of the visit
credit_amount BIGINT part of gross − discounts; parts add up exactly
currency VARCHAR ISO-4217 code
touched_at TIMESTAMPTZ start of the visit
placed_on DATE store-day of the order"""),
    ("store_id", "order_id", "model", "ordinal"),
    ("store_id", "order_id"),
    ("path_order",),
    {"o": _IN_ORDERS},
)

PRODUCT_RECOMMENDATION = Model(
    "marts",
    "product_recommendation",
    "Ranked products: bought together with a product, and bestsellers of the store.",
    columns_of("""
store_id UUID the tenant
kind VARCHAR bought_together or bestsellers
product_id UUID the product looked at; empty for bestsellers
recommended_product_id UUID the product shown
rank SMALLINT 1 is best
score DOUBLE shrunk cosine, or orders
support INTEGER baskets with both, or orders
source VARCHAR baskets or orders
reason VARCHAR a sentence for people
model_version VARCHAR of the method"""),
    ("store_id", "kind", "product_id", "rank"),
    ("store_id",),
    ("store_window",),
    {"o": _STORES, "p": _STORES},
)

PRODUCT_SALES_WINDOW = Model(
    "marts",
    "product_sales_window",
    "Best products of the 7, 30, 90 and 365 days up to the store's last complete day.",
    columns_of("""
store_id UUID the tenant
window_days INTEGER 7, 30, 90 or 365
rank INTEGER by gross sales
product_id UUID the product
sku VARCHAR its code now
name VARCHAR its name now
units_count BIGINT pieces ordered
gross_sales_amount BIGINT before discounts
currency VARCHAR ISO-4217 code
starts_on DATE first day of the window
ends_on DATE last day of the window"""),
    ("store_id", "window_days", "rank"),
    ("store_id",),
    ("store_window",),
    {"c": _STORES, "o": _STORES, "p": _STORES},
)

MART_MODELS = (DAILY_STORE_METRICS, COHORT_METRICS, ORDER_ATTRIBUTION, PRODUCT_RECOMMENDATION, PRODUCT_SALES_WINDOW)
