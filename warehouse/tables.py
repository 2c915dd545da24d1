"""Raw tables: what is copied from Postgres into the lake, row for row, and under which names and types.

Each is read by the SELECT in `sql/raw/<name>.sql`. No personal data is named there: a person enters the lake only as
`surrogate`, an opaque value whose meaning stays in Postgres. Payloads, addresses, page paths and free text are left
out for the same reason.
"""

from dataclasses import dataclass

from warehouse.columns import Column, columns_of


@dataclass(frozen=True)
class RawTable:
    """A raw table. `key` is unique; `tombstone` is the column that Postgres writes into row_tombstone.row_id.

    `touch` names the columns whose change can move a number; a change of any other column rebuilds nothing. `month` is
    the moment by which Postgres keeps the rows in monthly partitions, where it does.
    """

    name: str
    source_table: str
    description: str
    key: tuple[str, ...]
    tombstone: str
    columns: tuple[Column, ...]
    touch: tuple[str, ...] = ()
    month: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def type_of(self, name: str) -> str:
        """DuckDB type of a column; KeyError if the table has none of that name."""
        return {column.name: column.type for column in self.columns}[name]


_STORES = """
id UUID the store, which is the tenant
currency VARCHAR currency of every amount of the store
timezone VARCHAR IANA zone in force now
created_at TIMESTAMPTZ since when it exists
deleted_at TIMESTAMPTZ closed since
row_version BIGINT transaction that last wrote the row"""
_ZONES = """
store_id UUID the tenant
valid_from TIMESTAMPTZ first instant of this zone
time_zone VARCHAR IANA name
row_version BIGINT transaction that last wrote the row"""
_SUBJECTS = """
store_id UUID the tenant
surrogate UUID opaque person; its meaning stays in Postgres
kind VARCHAR customer, guest, visitor or order
linked_surrogate UUID the customer this subject turned out to be
linked_at TIMESTAMPTZ since when that is known
row_version BIGINT transaction that last wrote the row"""
_PRODUCTS = """
store_id UUID the tenant
id UUID the product
sku VARCHAR its code
name VARCHAR its name
status VARCHAR DRAFT, ACTIVE or ARCHIVED
category_id UUID its category
brand_id UUID its brand
price_amount BIGINT list price in minor units
currency VARCHAR ISO-4217 code
created_at TIMESTAMPTZ since when it exists
updated_at TIMESTAMPTZ last change
deleted_at TIMESTAMPTZ gone since
row_version BIGINT transaction that last wrote the row"""
_VARIANTS = """
store_id UUID the tenant
id UUID the variant
product_id UUID its product
sku VARCHAR its code
is_default BOOLEAN stands for the product where none is chosen
price_amount BIGINT minor units; empty inherits the product's
currency VARCHAR ISO-4217 code
updated_at TIMESTAMPTZ last change
row_version BIGINT transaction that last wrote the row"""
_ORDERS = """
store_id UUID the tenant
id UUID the order
surrogate UUID whose it is
origin VARCHAR storefront, import or opening (carries refunds of older orders)
status VARCHAR order status
is_test BOOLEAN counts nowhere
placed_at TIMESTAMPTZ decides the order's day
currency VARCHAR ISO-4217 code
order_subtotal_amount BIGINT goods before discount
order_discount_amount BIGINT the whole discount, also the part shown on lines
order_shipping_amount BIGINT shipping charged
order_tax_amount BIGINT taxes charged
order_total_amount BIGINT what is to be paid
reporting_factor DECIMAL(20,12) store's minor units for one of the order's; empty in one currency, or without a rate
payment_status VARCHAR payment status
created_at TIMESTAMPTZ when the row was made
updated_at TIMESTAMPTZ last change
deleted_at TIMESTAMPTZ gone since; counts nowhere
row_version BIGINT transaction that last wrote the row"""
_ITEMS = """
store_id UUID the tenant
id UUID the line
order_id UUID its order
product_id UUID the product; empty where it was deleted
variant_id UUID the variant
ordinal INTEGER position in the order
sku VARCHAR code at the time of the order
quantity INTEGER pieces
unit_price_amount BIGINT minor units, rounded
line_subtotal_amount BIGINT unit price times quantity, exact per line
line_discount_amount BIGINT discount of the line
line_tax_amount BIGINT tax of the line
line_total_amount BIGINT subtotal − discount + tax
currency VARCHAR ISO-4217 code
refunded_quantity INTEGER pieces refunded so far
updated_at TIMESTAMPTZ last change
row_version BIGINT transaction that last wrote the row"""
_REFUNDS = """
store_id UUID the tenant
id UUID the refund
order_id UUID its order
currency VARCHAR ISO-4217 code
amount BIGINT minor units
status VARCHAR pending, processed or failed
created_at TIMESTAMPTZ when it was asked for
processed_at TIMESTAMPTZ decides the refund's day
row_version BIGINT transaction that last wrote the row"""
_REFUND_ITEMS = """
store_id UUID the tenant
id UUID the part
refund_id UUID its refund
order_id UUID its order
order_item_id UUID the line, where it is of one
kind VARCHAR item, shipping, tax or amount
quantity INTEGER pieces, for kind item
amount BIGINT minor units, net of the line's discount
row_version BIGINT transaction that last wrote the row"""
_DOMAIN_EVENTS = """
store_id UUID the tenant
id UUID the event
name VARCHAR order.placed, order.cancelled, order.items_cancelled, order.reactivated, …
entity_type VARCHAR what it happened to
entity_id UUID which one
occurred_at TIMESTAMPTZ when
net_amount BIGINT of order.items_cancelled: what the pieces cost without tax, never paid
tax_amount BIGINT their tax
units_count INTEGER how many pieces
correlation_id UUID follows one action through the system
actor_type VARCHAR USER, SYSTEM or JOB
row_version BIGINT transaction that last wrote the row"""
_EVENTS = """
store_id UUID the tenant
event_id UUID given by the client; the same id may come twice with another time
occurred_at TIMESTAMPTZ as the client first stated it
corrected_at TIMESTAMPTZ after correction of the client's clock; decides the day
received_at TIMESTAMPTZ when it reached us
name VARCHAR page_view, product_view, add_to_cart, begin_checkout, purchase, …
version SMALLINT of the event's schema
surrogate UUID the visitor
is_bot BOOLEAN sent by a known bot
product_id UUID the product it is about
order_id UUID the order it is about
utm_source VARCHAR as given
utm_medium VARCHAR as given
utm_campaign VARCHAR as given
click_id_kind VARCHAR gclid, fbclid, …
referrer_host VARCHAR host of the page before
country VARCHAR ISO-3166 code
ingest_batch_id UUID the request that brought it
row_version BIGINT transaction that last wrote the row"""
_BATCHES = """
store_id UUID the tenant
id UUID the request
received_at TIMESTAMPTZ when
received_count INTEGER submissions
accepted_count INTEGER stored
rejected_count INTEGER refused, with a reason
duplicate_count INTEGER known already
quarantined_count INTEGER from the future
unconsented_count INTEGER counted, not stored
byte_count BIGINT size
row_version BIGINT transaction that last wrote the row"""
_AUDIT = """
store_id UUID the tenant; empty for what concerns none
id UUID the entry
action VARCHAR what was done
entity_type VARCHAR to what kind of thing
entity_id VARCHAR to which
actor_type VARCHAR USER, SYSTEM or JOB
severity VARCHAR info, warning or critical
correlation_id UUID follows one action through the system
created_at TIMESTAMPTZ when
row_version BIGINT transaction that last wrote the row"""

_ID = ("store_id", "id")
_ORDER_TOUCH = (
    "surrogate origin is_test placed_at currency order_discount_amount order_shipping_amount order_tax_amount "
    "reporting_factor deleted_at"
)
_EVENT_TOUCH = (
    "corrected_at received_at name surrogate is_bot order_id utm_source utm_medium utm_campaign click_id_kind "
    "referrer_host"
)


def _table(
    name: str, source: str, text: str, touch: str, description: str, key: tuple[str, ...] = _ID, tombstone: str = "id",
    month: str = "",
) -> RawTable:
    touched = (*key, *touch.split()) if touch else ()
    return RawTable(name, source, description, key, tombstone, columns_of(text), touched, month)


RAW_TABLES: dict[str, RawTable] = {
    table.name: table
    for table in (
        _table("stores", "stores", _STORES, "currency", "One row per store, the tenant.", ("id",)),
        _table(
            "store_zone_history",
            "store_zone_history",
            _ZONES,
            "time_zone",
            "Which time zone a store had from which instant on.",
            ("store_id", "valid_from"),
            "valid_from",
        ),
        _table(
            "subjects",
            "subject",
            _SUBJECTS,
            "kind linked_surrogate",
            "One row per person known by account, contact, visitor id or only by an order.",
            ("store_id", "surrogate"),
            "surrogate",
        ),
        _table("products", "products", _PRODUCTS, "sku name status deleted_at", "One row per product."),
        _table(
            "product_variants",
            "product_variants",
            _VARIANTS,
            "",
            "One row per variant; every product has at least one.",
        ),
        _table("orders", "orders", _ORDERS, _ORDER_TOUCH, "One row per order, whatever became of it."),
        _table(
            "order_items",
            "order_items",
            _ITEMS,
            "order_id product_id ordinal quantity line_subtotal_amount line_discount_amount",
            "One row per order line.",
        ),
        _table("refunds", "refund", _REFUNDS, "order_id status processed_at", "One row per refund."),
        _table(
            "refund_items",
            "refund_item",
            _REFUND_ITEMS,
            "refund_id order_id kind quantity amount",
            "What a refund is made of.",
        ),
        _table(
            "domain_events",
            "domain_event",
            _DOMAIN_EVENTS,
            "name entity_id occurred_at",
            "What happened to orders and products; of the payload only what was cancelled of an order.",
        ),
        _table(
            "analytics_events",
            "analytics_event",
            _EVENTS,
            _EVENT_TOUCH,
            "One row per storefront event that was accepted.",
            ("store_id", "event_id", "occurred_at"),
            "event_id",
            "occurred_at",
        ),
        _table(
            "ingest_batches",
            "ingest_batch",
            _BATCHES,
            "",
            "One row per request that delivered events: how many ended where.",
        ),
        _table(
            "audit_logs",
            "audit_logs",
            _AUDIT,
            "",
            "One row per audit entry: what was done to what; who did it and the values stay in Postgres.",
            ("id", "created_at"),
            month="created_at",
        ),
    )
}
