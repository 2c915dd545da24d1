"""A valid row of every table, twice over if wanted: two stores hold the same slugs, codes and positions.

Ids are made from the store and the table's name, so that a row can be named without having been read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.orm import Session

HASH = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Ref:
    """The id of the store's row in another table."""

    table: str


@dataclass(frozen=True)
class Own:
    """A value that no other store may have."""

    value: str


@dataclass(frozen=True)
class Found:
    """What a statement finds for the store."""

    statement: str


ORGANIZATION = Found("SELECT organization_id FROM stores WHERE id = :store")
SHARD = Found("SELECT shard FROM store_shard WHERE store_id = :store")
MONEY = {"currency": "USD"}
DAY = "2026-11-20"
LINE = {"order_id": Ref("orders"), "order_item_id": Ref("order_items"), "quantity": 1}
SPELL = {"starts_on": DAY, "ends_on": DAY}
QUOTED = ("subtotal_amount", "discount_amount", "shipping_amount", "tax_amount", "total_amount")
METRICS = ("gross_sales_amount", "discounts_amount", "sales_reversals_amount", "net_sales_amount", "shipping_amount",
           "taxes_amount", "total_sales_amount", "order_view_reversals_amount", "order_view_net_sales_amount",
           "orders_count", "orders_cancelled_count", "units_sold_count", "units_reversed_count",
           "new_customers_count", "returning_customers_count", "sessions_count", "converted_sessions_count",
           "visitors_count", "page_views_count", "product_views_count", "funnel_cart_count",
           "funnel_checkout_count", "funnel_order_count", "bot_events_count", "late_events_count")

# In the order in which they can be inserted. A table may stand twice where one row can't show every constraint.
PLATFORM: list[tuple[str, dict[str, object]]] = [
    ("embedding_model", {"id": "test-model", "name": "test", "dimensions": 3, "template_version": 1,
                         "status": "building"}),
    ("currency_rate", {"source": "test", "base": "USD", "quote": "EUR", "rated_on": DAY, "rate": 1}),
    ("request_timing", {"route": "/", "method": "GET", "status": 200, "duration_us": 1}),
]
PEOPLE: list[tuple[str, dict[str, object]]] = [
    ("users", {"id": Ref("users"), "email": Own("u@example.test")}),
    ("accounts", {"user_id": Ref("users"), "type": "oauth", "provider": "test", "provider_account_id": Own("a")}),
    ("sessions", {"user_id": Ref("users"), "session_token": Own("s"), "expires": DAY}),
    ("verification_tokens", {"identifier": Own("u@example.test"), "token": Own("t"), "expires": DAY}),
    ("memberships", {"id": Ref("memberships"), "user_id": Ref("users"), "organization_id": ORGANIZATION,
                     "role": "MEMBER"}),
    ("permission", {"id": Ref("permission"), "code": "tests.run"}),
    ("role_permission", {"id": Ref("role_permission"), "role": "MEMBER", "permission_id": Ref("permission")}),
    ("api_token", {"id": Ref("api_token"), "name": "t", "token_hash": Own(HASH), "scopes": ["a"]}),
    ("app_integration", {"app_key": "test.app", "name": "t", "version": "1", "api_token_id": Ref("api_token"),
                         "installed_by_user_id": Ref("users")}),
    ("feature_flag", {"name": "test"}),
    ("capability_state", {"capability": "images", "step": "done"}),
]
CATALOG: list[tuple[str, dict[str, object]]] = [
    ("categories", {"id": Ref("categories"), "name": "Lamps", "slug": "lamps"}),
    ("brands", {"id": Ref("brands"), "name": "Lux", "slug": "lux"}),
    ("products", {"id": Ref("products"), "name": "Lamp", "slug": "lamp", "sku": "L", "images": "[]",
                  "price_amount": 1999, "category_id": Ref("categories"), "brand_id": Ref("brands"), **MONEY}),
    ("products", {"id": Ref("second product"), "name": "Bulb", "slug": "bulb", "sku": "B", "images": "[]",
                  "price_amount": 199, **MONEY}),
    ("product_variants", {"id": Ref("product_variants"), "product_id": Ref("products"), "name": "Lamp", "sku": "L-1",
                          "options": "{}", "is_default": True, **MONEY}),
    ("product_attributes", {"id": Ref("product_attributes"), "name": "Colour", "values": '["red"]'}),
    ("product_attribute_values", {"product_id": Ref("products"), "attribute_id": Ref("product_attributes"),
                                  "value": "red"}),
    ("product_image", {"product_id": Ref("products"), "url": "https://example.test/1.jpg", "position": 0}),
    *[(f"{owner}_translation", {f"{owner}_id": Ref(table), "locale": "de", "name": "x", "slug": "x"})
      for owner, table in (("product", "products"), ("category", "categories"), ("brand", "brands"))],
    ("inventory_level", {"variant_id": Ref("product_variants"), "on_hand": 5}),
    ("inventory_logs", {"id": Ref("inventory_logs"), "product_id": Ref("products"), "previous_qty": 0, "new_qty": 5,
                        "change_qty": 5, "reason": "manual"}),
    ("collection", {"id": Ref("collection"), "name": "c", "slug": "c"}),
    ("collection_product", {"collection_id": Ref("collection"), "product_id": Ref("products")}),
    ("product_bundle", {"id": Ref("product_bundle"), "name": "b", "slug": "b"}),
    ("bundle_item", {"bundle_id": Ref("product_bundle"), "variant_id": Ref("product_variants")}),
    ("shipping_profile", {"id": Ref("shipping_profile"), "name": "p", "is_default": True}),
    ("shipping_rate", {"profile_id": Ref("shipping_profile"), "name": "r", "amount": 1, **MONEY}),
    ("tax_rate", {"name": "t", "country": "DE", "rate": "0.19"}),
    ("selling_settings", {"prices_include_tax": True}),
    ("store_counter", {"last_order_number": 2}),
]
SELLING: list[tuple[str, dict[str, object]]] = [
    ("customers", {"id": Ref("customers"), "user_id": Ref("users"), "email": "c@example.test", "first_name": "C",
                   "last_name": "D", "total_spent_amount": 0, "average_order_amount": 0, **MONEY}),
    ("customer_segment", {"id": Ref("customer_segment"), "name": "s", "slug": "s"}),
    ("customer_segment_member", {"segment_id": Ref("customer_segment"), "customer_id": Ref("customers")}),
    ("customer_custom_field", {"id": Ref("customer_custom_field"), "key": "k", "label": "K", "kind": "text"}),
    ("customer_custom_value", {"customer_id": Ref("customers"), "field_id": Ref("customer_custom_field"),
                               "kind": "text", "text_value": "v"}),
    ("subject", {"id": Ref("subject"), "kind": "guest", "contact_hash": "h"}),
    ("subject", {"id": Ref("second subject"), "kind": "visitor", "visitor_id": "v"}),
    ("cart", {"id": Ref("cart"), "customer_id": Ref("customers"), **MONEY}),
    ("cart_item", {"cart_id": Ref("cart"), "variant_id": Ref("product_variants"), "quantity": 1}),
    ("quote", {"id": Ref("quote"), "cart_id": Ref("cart"), "wanted": "{}", "trace": "{}", "priced_at": DAY,
               "expires_at": "2100-01-01", **dict.fromkeys(QUOTED, 0), **MONEY}),
    ("orders", {"id": Ref("orders"), "quote_id": Ref("quote"), "customer_id": Ref("customers"), "order_number": "1",
                "external_ref": "e",
                "order_subtotal_amount": 1999, "order_discount_amount": 0, "order_shipping_amount": 0,
                "order_tax_amount": 0, "order_total_amount": 1999, **MONEY}),
    ("orders", {"id": Ref("second order"), "order_number": "2",
                "order_subtotal_amount": 0, "order_discount_amount": 0, "order_shipping_amount": 0,
                "order_tax_amount": 0, "order_total_amount": 0, **MONEY}),
    ("order_items", {"id": Ref("order_items"), "order_id": Ref("orders"), "product_id": Ref("products"),
                     "variant_id": Ref("product_variants"), "product_name": "Lamp", "sku": "L-1", "quantity": 3,
                     "unit_price_amount": 1999, "line_subtotal_amount": 1999, "line_discount_amount": 0,
                     "line_tax_amount": 0, "line_total_amount": 1999, **MONEY}),
    ("product_price", {"product_id": Ref("second product"), "amount": 1999, "min_quantity": 7, **MONEY}),
    ("promotion_rule", {"id": Ref("promotion_rule"), "name": "r", "actions": "{}"}),
    ("discount_code", {"id": Ref("discount_code"), "code": "C", "promotion_rule_id": Ref("promotion_rule")}),
    ("promotion_usage", {"subject_id": Ref("subject"), "promotion_rule_id": Ref("promotion_rule"), "usage_limit": 3}),
    ("applied_promotion", {"order_id": Ref("orders"), "ordinal": 7, "promotion_rule_id": Ref("promotion_rule"),
                           "discount_code_id": Ref("discount_code"), "target": "order", "name": "r", "amount": 0,
                           **MONEY}),
    ("inventory_adjustment", {"variant_id": Ref("product_variants"), "delta": 1, "reason_code": "manual",
                              "inventory_log_id": Ref("inventory_logs")}),
    ("stock_reservation", {"variant_id": Ref("product_variants"), "quantity": 1, "expires_at": "2100-01-01"}),
    ("reviews", {"product_id": Ref("products"), "customer_id": Ref("customers"), "rating": 5, "comment": "c"}),
    ("subscription", {"id": Ref("subscription"), "customer_id": Ref("customers"), "variant_id": Ref("product_variants"),
                      "unit_price_amount": 1999, "interval_unit": "month", "anchored_at": DAY,
                      "period_started_at": DAY, "period_ends_at": "2026-12-20", **MONEY}),
    ("subscription_cycle", {"subscription_id": Ref("subscription"), "period_started_at": DAY,
                            "period_ends_at": "2026-12-20"}),
    ("fraud_assessment", {"order_id": Ref("orders"), "rules_version": "1", "score": 1, "decision": "approve"}),
]
SETTLING: list[tuple[str, dict[str, object]]] = [
    ("payment_provider_config", {"id": Ref("payment_provider_config"), "gateway": "MANUAL", "name": "m",
                                 "callback_key": Own("k" * 20)}),
    ("payment_attempt", {"id": Ref("payment_attempt"), "order_id": Ref("orders"), "gateway": "MANUAL",
                         "provider_config_id": Ref("payment_provider_config"), "status": "captured", "amount": 10,
                         "authorized_amount": 10, "captured_amount": 10, "external_ref": "e", **MONEY}),
    ("gateway_event", {"provider_config_id": Ref("payment_provider_config"), "external_ref": "e", "name": "n",
                       "payment_attempt_id": Ref("payment_attempt"), "body": "{}", "is_verified": True}),
    ("payment_entry", {"payment_attempt_id": Ref("payment_attempt"), "kind": "captured", "amount": 10,
                       "external_ref": "e"}),
    ("refund", {"id": Ref("refund"), "order_id": Ref("orders"), "payment_attempt_id": Ref("payment_attempt"),
                "amount": 1, **MONEY}),
    ("refund_item", {**LINE, "refund_id": Ref("refund"), "kind": "item", "amount": 1}),
    ("fulfillment", {"id": Ref("fulfillment"), "order_id": Ref("orders")}),
    ("fulfillment_item", {**LINE, "fulfillment_id": Ref("fulfillment")}),
    ("shipment", {"id": Ref("shipment"), "fulfillment_id": Ref("fulfillment"), "carrier": "c", "external_ref": "e"}),
    ("shipment_event", {"shipment_id": Ref("shipment"), "name": "delivered", "external_ref": "e", "occurred_at": DAY}),
    ("return_request", {"id": Ref("return_request"), "order_id": Ref("orders")}),
    ("return_item", {**LINE, "return_request_id": Ref("return_request")}),
]
TRACES: list[tuple[str, dict[str, object]]] = [
    ("domain_event", {"id": Ref("domain_event"), "name": "order.placed", "entity_type": "order",
                      "entity_id": Ref("orders")}),
    ("audit_logs", {"id": Ref("audit_logs"), "user_id": Ref("users"), "action": "update", "entity_type": "order",
                    "entity_id": "1"}),
    ("job_descriptor", {"job_id": Own("1"), "task": "t", "queue": "q", "status": "queued"}),
    ("idempotency_record", {"key": "k", "operation": "POST /", "body_hash": HASH}),
    ("webhook_subscription", {"id": Ref("webhook_subscription"), "url": "https://example.test/", "events": ["a"]}),
    ("webhook_delivery", {"subscription_id": Ref("webhook_subscription"), "domain_event_id": Ref("domain_event"),
                          "event_name": "order.placed"}),
    ("ingest_batch", {"id": Ref("ingest_batch"), "received_count": 1, "accepted_count": 1, "rejected_count": 0,
                      "duplicate_count": 0, "quarantined_count": 0, "unconsented_count": 0, "byte_count": 1}),
    ("rejected_event", {"ingest_batch_id": Ref("ingest_batch"), "body": "{}", "path": "$", "reason": "r",
                        "code": "c"}),
    ("analytics_event", {"event_id": Ref("analytics_event"), "occurred_at": DAY, "corrected_at": DAY,
                         "name": "page_view", "subject_id": Ref("subject"), "ingest_batch_id": Ref("ingest_batch")}),
    ("import_run", {"id": Ref("import_run"), "source": "s", "file_name": "f", "file_hash": "h", "status": "staging"}),
    ("import_batch", {"run_id": Ref("import_run"), "entity": "orders", "ordinal": 0, "row_count": 1, "payload": b"x"}),
    ("row_tombstone", {"table_name": "test", "row_id": "1"}),
    ("product_search_document", {"product_id": Ref("products"), "locale": "en", "title": "Lamp", "sku": "L",
                                 "document": "lamp", "content_hash": "h", "is_available": True, "price_amount": 1999,
                                 **MONEY}),
    ("product_embedding", {"shard": SHARD, "model_id": "test-model", "locale": "en", "product_id": Ref("products"),
                           "content_hash": "h", "dimensions": 3, "embedding": "[1,2,3]"}),
]
PUBLISHED: list[tuple[str, dict[str, object]]] = [
    ("daily_store_metrics", {"store_day": DAY, "horizon": 1, **dict.fromkeys(METRICS, 0), **MONEY}),
    ("cohort_metrics", {"cohort_grain": "month", "cohort_on": "2026-11-01", "period_index": 0,
                        "cohort_size_count": 1, "horizon": 1, **MONEY}),
    ("order_attribution", {"order_id": Ref("orders"), "model": "last", "ordinal": 0, "channel": "unattributed",
                           "credit_amount": 0, "placed_on": DAY, "horizon": 1, **MONEY}),
    ("product_sales_window", {"window_days": 7, "rank": 1, "product_id": Ref("products"), "sku": "L", "name": "Lamp",
                              "units_count": 1, "gross_sales_amount": 1999, "horizon": 1, **SPELL, **MONEY}),
    ("publication", {"mart": "m", "horizon": 1, "taken_at": DAY, "lake_snapshot_id": 1, "row_count": 1}),
    ("product_recommendation", {"kind": "bestsellers", "recommended_product_id": Ref("products"), "rank": 1,
                                "score": 1.0, "source": "s", "reason": "r", "model_version": "1", "horizon": 1}),
]
OF_STORE = [*PEOPLE, *CATALOG, *SELLING, *SETTLING, *TRACES, *PUBLISHED]
# Columns of the legacy schema: written where they still stand.
LEGACY = {("products", "images")}
COLUMNS = """
SELECT c.relname, array_agg(a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped GROUP BY 1"""


def id_of(store: UUID, table: str) -> UUID:
    """Return the id of the store's row in a table."""
    return uuid5(store, table)


def fill_platform(session: Session) -> None:
    """Put a row into the tables that belong to no store; as the owner, once a database."""
    for table, values in PLATFORM:
        _insert(session, table, values)


def fill_store(session: Session, store: UUID) -> None:
    """Put rows of the store into every table; as the owner, after fill_platform, once a store."""
    columns = {name: set(each) for name, each in session.execute(text(COLUMNS))}
    for table, values in OF_STORE:
        row = {name: value for name, value in values.items()
               if (table, name) not in LEGACY or name in columns[table]}
        if "store_id" in columns[table]:
            row["store_id"] = store
        _insert(session, table, dict(_resolved(session, store, row)))


def _resolved(session: Session, store: UUID, row: dict[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if isinstance(value, Found):
            yield name, session.scalar(text(value.statement), {"store": store})
        elif isinstance(value, Ref):
            yield name, id_of(store, value.table)
        elif isinstance(value, Own):
            yield name, _own(store, value.value)
        else:
            yield name, value


def _own(store: UUID, value: str) -> object:
    if value.isdigit() and len(value) < 10:
        return store.int % 10**12
    return f"{store.hex}{store.hex}" if value == HASH else f"{store.hex}-{value}"


def _insert(session: Session, table: str, row: dict[str, object]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f":{name}" for name in row)
    session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
