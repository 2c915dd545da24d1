"""Staging models: orders and visits in the shape that every mart needs."""

from warehouse.columns import columns_of
from warehouse.model import Model, keys_in

_IN_ORDERS = "(store_id, order_id) IN (SELECT store_id, order_id FROM touched_keys)"

ORDERS = Model(
    "staging",
    "orders",
    "One row per order: whose it is, on which store-day, what it is worth, and whether it counts.",
    columns_of("""
store_id UUID the tenant
order_id UUID as in raw.orders
person UUID the customer or guest, after identity
person_kind VARCHAR customer, guest, visitor, or order (nobody known)
origin VARCHAR storefront, import or opening
currency VARCHAR the store's, in which the amounts are
reporting_factor DECIMAL(20,12) store's minor units for one of the order's; empty where no rate is known
placed_at TIMESTAMPTZ moment of the order
placed_day DATE its store-day
is_counted BOOLEAN placed, not test, not deleted, not opening
is_opening BOOLEAN carries refunds of orders older than the data
is_cancelled BOOLEAN by the last cancel or reactivate event
gross_amount BIGINT lines before discounts
discounts_amount BIGINT all discounts on goods
shipping_amount BIGINT charged
taxes_amount BIGINT charged
units_count BIGINT pieces
lines_count BIGINT order lines"""),
    ("store_id", "order_id"),
    ("store_id", "order_id"),
    ("order",),
    {
        "o": "(store_id, id) IN (SELECT store_id, order_id FROM touched_keys)",
        "v": "(store_id, id) IN (SELECT store_id, order_id FROM touched_keys)",
        "i": _IN_ORDERS,
        "e": "(store_id, entity_id) IN (SELECT store_id, order_id FROM touched_keys)",
    },
    {
        "order_value": "SELECT store_id, CAST(order_id AS VARCHAR) FROM changed",
        "person": "SELECT store_id, CAST(person AS VARCHAR) FROM changed WHERE person IS NOT NULL",
        "store_day": "SELECT store_id, CAST(placed_day AS VARCHAR) FROM changed",
        "path_order": "SELECT store_id, CAST(order_id AS VARCHAR) FROM changed",
        "store_window": "SELECT store_id, '' FROM changed",
    },
)

MOVEMENTS = Model(
    "staging",
    "movements",
    "What was taken back from orders: one row per processed refund, cancellation, also of pieces, and reactivation.",
    columns_of("""
store_id UUID the tenant
order_id UUID the order
step_id UUID refund or domain event
kind VARCHAR refund, cancel_items, cancel or reactivate
moved_at TIMESTAMPTZ when
moved_day DATE store-day of the movement (accounting view)
view_day DATE store-day of the order (order view); of the movement for opening orders
sales_amount BIGINT sales reversed by this step, negative when reactivated
units_count BIGINT pieces reversed by this step
shipping_amount BIGINT shipping refunded
taxes_amount BIGINT taxes refunded"""),
    ("store_id", "order_id", "step_id"),
    ("store_id", "order_id"),
    ("order", "order_value"),
    {
        "o": _IN_ORDERS,
        "r": _IN_ORDERS,
        "ri": _IN_ORDERS,
        "c": "(store_id, entity_id) IN (SELECT store_id, order_id FROM touched_keys)",
        "e": "(store_id, entity_id) IN (SELECT store_id, order_id FROM touched_keys)",
    },
    {
        "store_day": "SELECT store_id, CAST(moved_day AS VARCHAR) FROM changed "
        "UNION SELECT store_id, CAST(view_day AS VARCHAR) FROM changed",
        "person": "SELECT o.store_id, CAST(o.person AS VARCHAR) FROM changed AS c JOIN staging.orders AS o "
        "ON o.store_id = c.store_id AND o.order_id = c.order_id WHERE o.person IS NOT NULL",
    },
)

CUSTOMERS = Model(
    "staging",
    "customers",
    "One row per person with a counted order: first day, last day, orders.",
    columns_of("""
store_id UUID the tenant
person UUID the customer or guest
first_day DATE first counted order
first_month DATE its month
first_week DATE Monday of its week
last_day DATE last counted order
orders_count BIGINT counted orders"""),
    ("store_id", "person"),
    ("store_id", "person"),
    ("person",),
    {"o": keys_in("store_id, person")},
    # A new first day makes the person new or returning on each of its days; any order moves its cohort's cells.
    {
        "store_day": "SELECT o.store_id, CAST(o.placed_day AS VARCHAR) FROM staging.orders AS o "
        "JOIN (SELECT store_id, person FROM changed GROUP BY store_id, person "
        "HAVING COUNT(*) < 2 OR MIN(first_day) < MAX(first_day)) AS c "
        "ON c.store_id = o.store_id AND c.person = o.person",
        "cohort": "SELECT store_id, UNNEST([CONCAT('month:', first_month), CONCAT('week:', first_week)]) FROM ("
        "SELECT store_id, first_month, first_week FROM changed UNION "
        "SELECT c.store_id, c.first_month, c.first_week FROM staging.customers AS c "
        "JOIN touched_keys AS t ON t.store_id = c.store_id AND t.person = c.person)",
    },
)

SESSIONS = Model(
    "staging",
    "sessions",
    "One row per visit: 30 minutes' pause or 24 hours end it; bots left out; with its channel.",
    columns_of("""
store_id UUID the tenant
session_id VARCHAR hash of store, visitor and start
surrogate UUID the visitor
person UUID the visitor, or the customer it turned out to be
started_at TIMESTAMPTZ first event
ended_at TIMESTAMPTZ last event
store_day DATE day it starts on
events_count BIGINT events
page_views_count BIGINT page views
product_views_count BIGINT product views
is_converted BOOLEAN contains a purchase
has_cart BOOLEAN product view, then cart
has_checkout BOOLEAN view, cart, then checkout
has_order BOOLEAN view, cart, checkout, then purchase
source VARCHAR utm_source, click id's or referrer's site
medium VARCHAR utm_medium or what the evidence implies
campaign VARCHAR utm_campaign
channel VARCHAR by the channel rules"""),
    ("store_id", "session_id"),
    ("store_id", "surrogate"),
    ("visitor",),
    {"e": keys_in("store_id, surrogate")},
    {
        "store_day": "SELECT store_id, CAST(store_day AS VARCHAR) FROM changed",
        "path_order": "SELECT o.store_id, CAST(o.order_id AS VARCHAR) FROM staging.orders AS o JOIN changed AS c "
        "ON c.store_id = o.store_id AND c.person = o.person AND c.started_at <= o.placed_at "
        "AND c.started_at >= o.placed_at - INTERVAL 30 DAY",
    },
)

STORE_CALENDAR = Model(
    "staging",
    "store_calendar",
    "One row per store with sales: on which day its windows and cohorts end.",
    columns_of("""
store_id UUID the tenant
currency VARCHAR ISO-4217 code
first_day DATE first counted order
is_current BOOLEAN sold something in the last 30 days
window_end_day DATE last complete day, or last sale of a store that is not current
last_month DATE running month, or month of the last sale
last_week DATE Monday of the running week, or of the last sale's"""),
    ("store_id",),
    ("store_id",),
    ("clock",),
    {},
    {
        "store_window": "SELECT store_id, '' FROM changed",
        "cohort": "SELECT c.store_id, UNNEST([CONCAT('month:', c.first_month), CONCAT('week:', c.first_week)]) FROM ("
        "SELECT store_id FROM changed GROUP BY store_id HAVING COUNT(*) < 2 OR MIN(last_week) < MAX(last_week) "
        "OR MIN(last_month) < MAX(last_month) OR MIN(first_day) < MAX(first_day) OR MIN(currency) < MAX(currency)"
        ") AS t JOIN staging.customers AS c ON c.store_id = t.store_id",
    },
)

STAGING_MODELS = (ORDERS, MOVEMENTS, CUSTOMERS, SESSIONS, STORE_CALENDAR)
