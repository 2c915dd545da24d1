"""A shop sells over real HTTP, by card and for cash on delivery; all amounts are worked out by hand in comments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from oltp.checkout.traces import replay
from oltp.db.session import Database
from oltp.kit.secrets import new_key
from pipelines.publish.publication import publish
from tests.conftest import cloned_database
from tests.journeys.processes import serving
from tests.journeys.storefront import Storefront, amounts, parts
from tests.lakes import KeptLake
from tests.oltp.checkout.buying import bundle
from tests.oltp.payments import stripe_fake
from tests.selling import Goods
from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.refresh import refresh_all

COD = {"method": "CASH_ON_DELIVERY"}
FIGURES = ("gross_sales", "discounts", "sales_reversals", "net_sales", "shipping", "taxes", "orders", "units_sold",
           "units_reversed")


@dataclass(frozen=True)
class House:
    """What the journeys share: a database with its lake, a server over it, and a fake of Stripe."""

    database: Database
    lake: Lake
    url: str
    stripe_url: str


@pytest.fixture(scope="module")
def house(
    server_url: str, template: str, empty_lake: KeptLake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """All processes running."""
    with (cloned_database(server_url, template) as database,
          empty_lake.copied(database.url, tmp_path_factory.mktemp("lake")) as lake,
          stripe_fake.running(tmp_path_factory.mktemp("localstripe")) as stripe_url,
          serving(database.url, {"STORMCOM_STRIPE_URL": stripe_url, "STORMCOM_SECRET_KEY": new_key()}) as server):
        yield House(database, lake, server.url, stripe_url)


@dataclass(frozen=True)
class Shelf:
    """Three goods, and a set of lamp and shade for 10 % less."""

    lamp: Goods
    bulb: Goods
    shade: Goods
    bundle_id: Any


def furnish(front: Storefront) -> Shelf:
    """Fill a shop: 20 % tax on top in Great Britain, shipping 4.99 USD or 5 EUR, 10 % off everything."""
    shop = front.shop
    shop.tax("GB", "0.20")
    shop.shipping(499)
    shop.shipping(500, currency="EUR")
    lamp, bulb, shade = shop.product(2000, stock=10), shop.product(500, stock=20), shop.product(1500, stock=5)
    front.activate_rule(name="Ten percent", priority=10, actions={"discountPercent": 10})
    return Shelf(lamp, bulb, shade, bundle(shop, (lamp, 1), (shade, 1), percent="10"))


def items(shelf: Shelf) -> list[dict[str, Any]]:
    """Two lamps, three bulbs, one set."""
    return [{"variant_id": str(shelf.lamp.variant_id), "quantity": 2},
            {"variant_id": str(shelf.bulb.variant_id), "quantity": 3},
            {"bundle_id": str(shelf.bundle_id), "quantity": 1}]


def open_card_shop(house: House) -> tuple[Storefront, Shelf, str]:
    """A shop that takes cards and sells in euros too, cheaper to one customer, whose id is the last value."""
    front = Storefront.open(house.database, house.url)
    shelf, customer = furnish(front), front.shop.customer()
    with house.database.worker_session() as session:
        session.execute(text("INSERT INTO currency_rate (source, base, quote, rated_on, rate) "
                             "VALUES ('ecb', 'EUR', 'USD', current_date - 1, 1.08) ON CONFLICT DO NOTHING"))
    for goods, amount in ((shelf.lamp, 1900), (shelf.bulb, 450), (shelf.shade, 1400)):
        front.shop.price(goods, amount, currency="EUR")
    front.shop.price(shelf.lamp, 1500, currency="EUR", segment_id=front.shop.segment(customer))
    front.activate_rule(name="5.01 off", priority=20, currency="EUR",
                        actions=[{"type": "fixed", "amount": 501, "per": "order"}])
    front.post("/v1/payment-provider-configs", {
        "gateway": "STRIPE", "name": "Stripe", "is_test": False,
        "credentials": {"api_key": stripe_fake.KEY, "webhook_secrets": ["whsec_1"]}})
    return front, shelf, str(customer)


def listed_price(front: Storefront, goods: Goods, query: str) -> int:
    """What the listing says that goods cost."""
    found = next(each for each in front.get(f"/v1/products?{query}")["items"] if each["id"] == str(goods.product_id))
    amount: int = found["price"]["amount"]
    return amount


def figures(front: Storefront) -> dict[str, int]:
    """The figures of the only day that is published for the shop."""
    days = [day["metrics"] for day in front.get(f"/v1/metrics/daily?metrics={','.join(FIGURES)}")["items"]]
    told = [day for day in days if day["orders"]]
    assert len(told) == 1, days
    return {name: value["amount"] if isinstance(value, dict) else value for name, value in told[0].items()}


def materialise(house: House) -> None:
    """Take everything into the lake, and publish the days."""
    extract(house.lake)
    refresh_all(house.lake)
    publish(house.database, house.lake, "daily_store_metrics", gate=lambda _mart, _snapshot: None)


def test_a_sale_by_card(house: House) -> None:
    front, shelf, customer = open_card_shop(house)
    shop, card = front.shop, {"method": "CREDIT_CARD"}
    # Browse.
    assert listed_price(front, shelf.lamp, "currency=EUR") == 1900
    assert listed_price(front, shelf.lamp, f"currency=EUR&customer_id={customer}") == 1500
    # In euros, by the customer of the segment. Lines: 2×1500, 3×450, 1500, 1400; the set saves 290: 150 and 140.
    # 10 % of 3000, 1350, 1350, 1260 is 300, 135, 135, 126; of what is left 5.01: 216, 97, 97, 91.
    quote, order = front.order_cart(
        {"currency": "EUR", "customer_id": customer, "items": items(shelf)},
        {**card, "token": stripe_fake.card(house.stripe_url)})
    # Tax: 20 % of 2484, 1118, 1118, 1043, and of 500 for shipping.
    wanted = {"subtotal": 7250, "discount": 1487, "shipping": 500, "tax": 1254, "total": 7517}
    assert amounts(quote) == amounts(order) == wanted
    assert [amounts(line) for line in order["items"]] == [
        {"subtotal": 3000, "discount": 516, "tax": 497, "total": 2981},
        {"subtotal": 1350, "discount": 232, "tax": 224, "total": 1342},
        {"subtotal": 1500, "discount": 382, "tax": 224, "total": 1342},
        {"subtotal": 1400, "discount": 357, "tax": 209, "total": 1252}]
    assert {name: getattr(replay(quote["trace"]), name) for name in wanted} == wanted
    assert (order["status"], order["payment_status"], order["amounts"]["paid"]["amount"]) == ("PAID", "PAID", 7517)
    # In the store's own currency: 2000 less 10 %, 20 % tax.
    _, own = front.order_cart({"currency": "USD", "items": [{"variant_id": str(shelf.lamp.variant_id)}]},
                              {**card, "token": stripe_fake.card(house.stripe_url)})
    assert amounts(own) == {"subtotal": 2000, "discount": 200, "shipping": 499, "tax": 460, "total": 2759}
    assert [shop.on_hand(goods) for goods in (shelf.lamp, shelf.bulb, shelf.shade)] == [6, 17, 4]
    # A part is sent.
    lamps, bulbs = order["items"][0]["id"], order["items"][1]["id"]
    path = f"/v1/orders/{order['id']}"
    sent = front.post(f"{path}/fulfillments", {"items": [{"order_item_id": lamps, "quantity": 2}]})
    assert front.post(f"/v1/fulfillments/{sent['id']}/ship", {"carrier": "UPS"})["status"] == "shipped"
    assert front.get(path)["status"] == "PROCESSING"
    # A bulb is refunded before it is sent: of 13.42 for three 4.48, of its tax of 2.24 0.75.
    refund = front.post(f"{path}/refunds", {"items": [{"order_item_id": bulbs, "quantity": 1}], "restock": True})
    assert (refund["status"], parts(refund)) == ("processed", [("item", 373), ("tax", 75)])
    # A lamp comes back: of 29.81 for two 14.91, of its tax of 4.97 2.49.
    assert parts(front.take_back(order["id"], lamps, 1)) == [("item", 1242), ("tax", 249)]
    left = front.get(path)
    assert (left["status"], left["payment_status"]) == ("PROCESSING", "PAID")
    assert {name: left["amounts"][name]["amount"] for name in ("paid", "returned", "owed")} == {
        "paid": 7517, "returned": 448 + 1491, "owed": 0}
    attempt = front.get(f"{path}/payment-attempts")["items"][0]
    assert stripe_fake.balance(house.stripe_url, attempt["external_ref"]) == (7517, 448 + 1491)
    # Stock and ledger; the two orders sell lamps 3 and 1.
    assert front.ledger(shelf.lamp)[0] == (10, "initial") and sorted(front.ledger(shelf.lamp)[1:]) == [
        (-3, "sale"), (-1, "sale"), (1, "return")]
    assert front.ledger(shelf.bulb) == [(20, "initial"), (-3, "sale"), (1, "return")]
    assert [shop.on_hand(goods) for goods in (shelf.lamp, shelf.bulb, shelf.shade)] == [7, 18, 4]
    assert front.get("/v1/invariants")["holds"]
    # In US dollars at 1.08: 72.50 → 78.30, net 57.63 → 62.24; 3.73 + 12.42 → 17.44; shipping 5.00 → 5.40;
    # taxes 12.54 → 13.54 less 0.81 and 2.69.
    materialise(house)
    assert figures(front) == {
        "gross_sales": 7830 + 2000, "discounts": 1606 + 200, "sales_reversals": 1744, "net_sales": 6224 + 1800 - 1744,
        "shipping": 540 + 499, "taxes": 1354 + 460 - 81 - 269, "orders": 2, "units_sold": 8, "units_reversed": 2}


def test_a_sale_for_cash_on_delivery(house: House) -> None:
    front = Storefront.open(house.database, house.url)
    shelf = furnish(front)
    front.activate_rule(name="3.01 off", priority=20, currency="USD",
                        actions=[{"type": "fixed", "amount": 301, "per": "order"}])
    # Lines: 4000, 1500, 2000, 1500; the set saves 200 and 150. 10 %: 400, 150, 180, 135. 3.01: 139, 52, 63, 47.
    # Tax: 20 % of 3461, 1298, 1557, 1168, and of 499.
    quote, order = front.order_cart({"currency": "USD", "email": "ada@example.test", "items": items(shelf)}, COD)
    assert amounts(quote) == amounts(order) == {
        "subtotal": 9000, "discount": 1516, "shipping": 499, "tax": 1597, "total": 9580}
    assert [line["total"]["amount"] for line in order["items"]] == [4153, 1558, 1868, 1402]
    assert (order["status"], order["payment_status"], order["amounts"]["owed"]["amount"]) == (
        "PROCESSING", "PENDING", 9580)
    path = f"/v1/orders/{order['id']}"
    sent = front.post(f"{path}/fulfillments")
    front.post(f"/v1/fulfillments/{sent['id']}/ship", {"tracking_number": "1Z"})
    assert front.get(path)["status"] == "SHIPPED"
    front.post(f"/v1/fulfillments/{sent['id']}/deliver")
    assert (front.get(path)["status"], front.get(path)["payment_status"]) == ("DELIVERED", "PENDING")
    attempt = front.get(f"{path}/payment-attempts")["items"][0]
    assert front.post(f"/v1/payment-attempts/{attempt['id']}/capture")["captured"]["amount"] == 9580
    assert (front.get(path)["payment_status"], front.get(path)["amounts"]["owed"]["amount"]) == ("PAID", 0)
    # One bulb: of 15.58 for three 5.20, of its tax of 2.60 0.87.
    refund = front.post(f"{path}/refunds", {
        "items": [{"order_item_id": order["items"][1]["id"], "quantity": 1}], "restock": True})
    assert (refund["status"], parts(refund)) == ("processed", [("item", 433), ("tax", 87)])
    left = front.get(path)
    assert (left["status"], left["payment_status"], left["amounts"]["returned"]["amount"]) == ("DELIVERED", "PAID", 520)
    assert [front.shop.on_hand(goods) for goods in (shelf.lamp, shelf.bulb, shelf.shade)] == [7, 18, 4]
    assert front.get("/v1/invariants")["holds"]
    materialise(house)
    assert figures(front) == {
        "gross_sales": 9000, "discounts": 1516, "sales_reversals": 433, "net_sales": 7051, "shipping": 499,
        "taxes": 1510, "orders": 1, "units_sold": 7, "units_reversed": 1}


def test_one_correlation_id_is_found_in_all_that_a_checkout_leaves_behind(house: House) -> None:
    front, shelf, _ = open_card_shop(house)
    _, order = front.order_cart({"currency": "USD", "items": items(shelf)},
                                {"method": "CREDIT_CARD", "token": stripe_fake.card(house.stripe_url)})
    path = f"/v1/orders/{order['id']}"
    sent = front.post(f"{path}/fulfillments")
    front.post(f"/v1/fulfillments/{sent['id']}/ship")
    front.post(f"{path}/refunds", {"items": [{"order_item_id": order["items"][0]["id"], "quantity": 1}]})
    front.work()
    tables = ("payment_attempt", "fulfillment", "refund", "domain_event", "audit_logs", "job_descriptor")
    assert {table: front.has_correlated(table) for table in tables} == dict.fromkeys(tables, True)
    assert order["correlation_id"] == str(front.correlation_id)
