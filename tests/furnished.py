"""A shop with so many of everything that the API lists, most of it made over the API itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from oltp.db.session import Database
from oltp.insights.models import CohortMetrics, OrderAttribution
from oltp.kit.ids import new_id
from oltp.search.actions import refresh_documents
from tests.search_api.published import MARTS, cohort_row, credit_row, day_row, publish_days, publish_mart
from tests.selling import Shop

Call = Callable[[str, str, Any], Any]
RATES = text("""
    INSERT INTO currency_rate (source, base, quote, rated_on, rate) VALUES ('ecb', 'EUR', 'USD', :day, :rate)
    ON CONFLICT DO NOTHING""")
LOCALES = ("de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl")
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test", "address": "1 Square",
           "city": "Berlin", "postal_code": "10115", "country": "DE"}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Furnisher:
    """Makes `count` of everything; `call` is a method, a path under /v1 and a body, and returns the answer's body.

    `ids` are the ids of what was made, by the name that a path or a body calls them.
    """

    shop: Shop
    call: Call
    count: int
    ids: dict[str, list[str]] = field(default_factory=dict)

    def furnish(self) -> dict[str, list[str]]:
        """Make all of it, in the order in which one thing needs another."""
        for step in (self.sort, self.stock, self.describe, self.price, self.gather, self.meet, self.promote, self.sell,
                     self.settle, self.send, self.return_goods, self.subscribe, self.assess, self.measure):
            step()
        return self.ids

    def make(self, name: str, path: str, body: Callable[[int], Any], method: str = "POST") -> list[Any]:
        """Ask `count` times; keep the ids under the name."""
        made = [self.call(method, path, body(n)) for n in range(self.count)]
        self.ids.setdefault(name, []).extend(each["id"] for each in made)
        return made

    def first(self, name: str) -> str:
        """The first id of its kind."""
        return self.ids[name][0]

    def money(self, amount: int) -> dict[str, Any]:
        """An amount in the shop's currency."""
        return {"amount": amount, "currency": self.shop.currency}

    def sort(self) -> None:
        """Categories, brands, attributes."""
        self.make("category_id", "categories", lambda n: {"name": f"Category {n}"})
        self.make("brand_id", "brands", lambda n: {"name": f"Brand {n}"})
        self.make("attribute_id", "attributes", lambda n: {"name": f"Attribute {n}", "values": ["red", "blue"]})
        self.shop.tax("DE", "0.19")
        self.shop.shipping(500)
        self.shop.gateway("STRIPE")
        self.make("tax_rate_id", "tax-rates", lambda n: {
            "name": "Tax", "country": "US", "region": f"R{n}", "rate": "0.07"})

    def stock(self) -> None:
        """Products on sale; the first one has as many variants and images."""
        self.make("product_id", "products", self.product)
        for product in self.ids["product_id"]:
            self.call("POST", f"products/{product}/publish", None)
            self.ids.setdefault("variant_id", []).append(
                self.call("GET", f"products/{product}/variants", None)["items"][0]["id"])
        path = f"products/{self.first('product_id')}"
        self.make("variant_id", f"{path}/variants", lambda n: {
            "name": f"V{n}", "sku": f"V-{n}", "options": {"size": str(n)}, "stock": 1000})
        self.make("image_id", f"{path}/images", lambda n: {"url": f"https://cdn.example.com/{n}.jpg"})

    def product(self, n: int) -> dict[str, Any]:
        """The body of a product."""
        return {"name": f"Lamp {n}", "sku": f"LAMP-{n}", "price": self.money(1000 + n), "stock": 1000,
                "category_id": self.ids["category_id"][n], "brand_id": self.ids["brand_id"][n], "weight_grams": 500}

    def describe(self) -> None:
        """Attributes and translations of the first product, category and brand."""
        values = [{"attribute_id": each, "value": "red"} for each in self.ids["attribute_id"]]
        for product in self.ids["product_id"]:
            self.call("PUT", f"products/{product}/attributes", {"values": values})
        for name, noun in (("product_id", "products"), ("category_id", "categories"), ("brand_id", "brands")):
            for locale in LOCALES[: self.count]:
                self.call("PUT", f"{noun}/{self.first(name)}/translations/{locale}", {"name": f"Name {locale}"})

    def price(self) -> None:
        """Prices by quantity, rates between currencies, stock that moved."""
        variant = self.first("variant_id")
        self.make("price_id", "prices", lambda n: {
            "variant_id": variant, "price": self.money(990 - n), "min_quantity": 20 + n})
        for _ in range(self.count):
            self.call("POST", "inventory-adjustments", {"variant_id": variant, "delta": 1, "reason_code": "manual"})
        with self.shop.database.owner_session() as session:
            session.execute(RATES, [
                {"day": (NOON - timedelta(days=n)).date(), "rate": "1.1"} for n in range(self.count)])

    def gather(self) -> None:
        """Collections and bundles; the first collection has all products."""
        self.make("collection_id", "collections", lambda n: {"name": f"Collection {n}"})
        self.call("POST", f"collections/{self.first('collection_id')}/products",
                  {"product_ids": self.ids["product_id"]})
        self.make("bundle_id", "bundles", lambda n: {
            "name": f"Set {n}", "pricing": "fixed", "price": self.money(1500),
            "items": [{"variant_id": each, "quantity": 2} for each in self.ids["variant_id"]]})

    def meet(self) -> None:
        """Customers, their segments, custom fields and reviews."""
        self.make("customer_id", "customers", lambda n: {
            "email": f"c{n}@example.com", "first_name": "Ada", "last_name": "Byron"})
        self.make("segment_id", "customer-segments", lambda n: {"name": f"Segment {n}"})
        for segment in self.ids["segment_id"]:
            self.call("POST", f"customer-segments/{segment}/members", {"customer_ids": self.ids["customer_id"]})
        self.make("field_id", "custom-fields", lambda n: {"key": f"k{n}", "label": "K", "kind": "text"})
        product = self.first("product_id")
        for review in self.make("review_id", "reviews", lambda n: {
                "product_id": product, "customer_id": self.ids["customer_id"][n], "rating": 5, "comment": "Bright."}):
            self.call("POST", f"reviews/{review['id']}/approve", None)

    def promote(self) -> None:
        """Rules in force and codes."""
        for rule in self.make("rule_id", "promotion-rules", lambda n: {
                "name": f"Rule {n}", "actions": {"discountPercent": 1}, "conditions": {"minSubtotal": 1},
                "currency": self.shop.currency}):
            self.call("POST", f"promotion-rules/{rule['id']}/activate", None)
        self.make("code_id", "discount-codes", lambda n: {
            "code": f"CODE{n}", "type": "PERCENTAGE", "percent": 5, "usage_limit": 1000})

    def sell(self) -> None:
        """Carts, quotes and orders of the first customer; the last order waits for its payment."""
        items = [{"variant_id": each, "quantity": 1} for each in self.ids["variant_id"]]
        wish = {"currency": self.shop.currency, "items": items, "customer_id": self.first("customer_id"),
                "shipping_address": ADDRESS}
        carts = self.make("cart_id", "carts", lambda n: {**wish, "codes": ["CODE0"]})
        self.ids["item_id"] = [item["id"] for cart in carts for item in cart["items"]]
        self.make("quote_id", "quotes", lambda n: {"cart_id": self.ids["cart_id"][n]})
        orders = self.make("order_id", "orders", lambda n: {
            **wish, "items": [{"variant_id": each["variant_id"], "quantity": 20} for each in items],
            "payment": {"method": "CREDIT_CARD", "token": "fake_ok"}})
        self.ids["order_item_id"] = [item["id"] for order in orders for item in order["items"]]
        for variant in self.ids["variant_id"]:
            self.shop.execute("""
                WITH held AS (INSERT INTO stock_reservation (store_id, variant_id, quantity, expires_at)
                              VALUES (:store, :variant, 1, '2100-01-01'))
                UPDATE inventory_level SET reserved = reserved + 1
                WHERE store_id = :store AND variant_id = :variant""", variant=variant)

    def settle(self) -> None:
        """Accounts, and refunds and further payments of the first order."""
        order = self.first("order_id")
        self.make("config_id", "payment-provider-configs", lambda n: {
            "gateway": "MANUAL", "name": f"Desk {n}", "is_active": n == 0})
        self.make("refund_id", f"orders/{order}/refunds", lambda n: {"amount": self.money(1), "reason": "Late"})
        for _ in range(self.count):
            self.shop.execute("""
                INSERT INTO payment_attempt (store_id, order_id, gateway, currency, amount, status)
                VALUES (:store, :order, 'STRIPE', :currency, 1, 'failed')""", order=order, currency=self.shop.currency)
        self.ids["attempt_id"] = [each["id"] for each in self.call("GET", "payment-attempts", None)["items"]]

    def lines(self) -> list[dict[str, Any]]:
        """One piece of each line of the first order."""
        return [{"order_item_id": each, "quantity": 1} for each in self.ids["order_item_id"][: 2 * self.count]]

    def send(self) -> None:
        """Shipping profiles and rates, fulfilments of the first order, parcels of the first of them."""
        self.make("profile_id", "shipping-profiles", lambda n: {"name": f"Profile {n}"})
        self.make("rate_id", f"shipping-profiles/{self.first('profile_id')}/rates", lambda n: {
            "name": f"Rate {n}", "price": self.money(500), "country": "DE", "region": f"R{n}"})
        self.make("fulfillment_id", f"orders/{self.first('order_id')}/fulfillments", lambda n: {"items": self.lines()})
        self.make("shipment_id", f"fulfillments/{self.first('fulfillment_id')}/shipments", lambda n: {
            "carrier": "UPS", "tracking_number": f"1Z{n}"})
        for fulfillment in self.ids["fulfillment_id"]:
            self.call("POST", f"fulfillments/{fulfillment}/ship", {})

    def return_goods(self) -> None:
        """Returns, each of one piece of all lines of the first order."""
        self.make("return_id", "returns", lambda n: {"order_id": self.first("order_id"), "items": self.lines()})

    def subscribe(self) -> None:
        """Subscriptions; the first one has been billed."""
        self.make("subscription_id", "subscriptions", lambda n: {
            "customer_id": self.ids["customer_id"][n], "variant_id": self.first("variant_id"), "interval_unit": "month",
            "currency": self.shop.currency, "payment_method": "CASH_ON_DELIVERY", "shipping_address": ADDRESS})
        for n in range(self.count):
            self.shop.execute("""
                INSERT INTO subscription_cycle (store_id, subscription_id, period_started_at, period_ends_at)
                VALUES (:store, :subscription, :day, :day + interval '1 day')""",
                subscription=self.first("subscription_id"), day=NOON - timedelta(days=90 + n))

    def assess(self) -> None:
        """Decisions on the first order."""
        for _ in range(self.count):
            self.ids.setdefault("assessment_id", []).append(str(self.shop.execute("""
                INSERT INTO fraud_assessment (store_id, order_id, rules_version, score, decision)
                VALUES (:store, :order, '1', 1, 'review') RETURNING id""", order=self.first("order_id"))))

    def measure(self) -> None:
        """Published days, cohorts and credits."""
        publish(self.shop.database, self.shop, self.count)
        with self.shop.database.session_for(self.shop.store_id) as session:
            refresh_documents(session, store_id=self.shop.store_id)


def publish(database: Database, shop: Shop, count: int) -> None:
    """Publish so many days, cohorts and credits."""
    days = [(NOON - timedelta(days=n)).date() for n in range(count)]
    publish_days(database, [day_row(shop.store_id, day, orders_count=1) for day in days], taken_at=NOON)
    months = [NOON.date().replace(day=1, month=11 - n % 10) for n in range(count)]
    with database.pipelines_session() as session:
        for mart in MARTS[1:]:
            publish_mart(session, store_id=shop.store_id, mart=mart, taken_at=NOON)
        session.execute(insert(CohortMetrics), [cohort_row(shop.store_id, month, 0, 5, 5) for month in months])
        session.execute(insert(OrderAttribution), [
            {**credit_row(shop.store_id, new_id(), day, f"Channel {n}", 100), "source": f"s{n}"}
            for n, day in enumerate(days)])


