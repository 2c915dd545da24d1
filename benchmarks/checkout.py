"""Selling over HTTP, beside a hand-written script that does the least SQL over psycopg, in the same run.

Usage: python -m benchmarks.checkout [SECONDS]. One API process and a durable Postgres on this machine; buyers are
threads with a connection each. Printed, for 1, 8 and 32 buyers, on 500 SKUs and on one: orders a second of

- `placing`: POST /v1/orders with the goods in it, cash on delivery;
- `journey`: list 24 products, make a cart, put a second item in, quote it, place the quote;
- `script`: the script (benchmarks/_raw_checkout.py), and the ratio to it.

Then 200 buyers race for 50 pieces of one SKU: exactly 50 must be sold, and 150 refused with a 409 that says so. Last,
how often 24 products with their prices are listed, and 10,000 products searched.
"""

import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import text

from benchmarks._api import served
from benchmarks._raw_checkout import RawShop
from benchmarks._server import throwaway_database
from oltp.access.actions import create_token
from oltp.access.rules import SCOPES
from oltp.db.session import Database
from oltp.invariants import check_invariants
from oltp.kit.clock import SystemClock

BUYERS = (1, 8, 32)
MANY, LISTED = 500, 10_000
ENDLESS = 1_000_000
RACERS, PIECES = 200, 50
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "address": "1 Main St", "city": "Albany", "state": "NY",
           "postal_code": "12207", "country": "US"}
# Customers come back now and then, as people do; one who ordered ten thousand times would be judged by all of that.
PEOPLE = 20_000
PAYMENT = {"method": "CASH_ON_DELIVERY"}

_STORE = text("""
    WITH o AS (INSERT INTO organizations (name, slug) VALUES ('bench', 'bench') RETURNING id)
    INSERT INTO stores (organization_id, name, slug, email, product_limit, order_limit, subscription_plan,
                        subscription_status)
    SELECT id, 'bench', 'bench', 'bench@example.test', 1000000, 100000000, 'ENTERPRISE', 'ACTIVE' FROM o
    RETURNING id""")
_FILL = (
    """INSERT INTO products (id, store_id, name, slug, sku, status, published_at, currency, price_amount)
       SELECT uuidv7(), :store, 'Lamp ' || n, 'lamp-' || n, 'L-' || n, 'ACTIVE', now(), 'USD', 1000 + n
       FROM generate_series(1, :count) n""",
    """INSERT INTO product_variants (store_id, product_id, name, sku, options, is_default, currency)
       SELECT store_id, id, name, sku, '{}', true, 'USD' FROM products WHERE store_id = :store
       ON CONFLICT DO NOTHING""",
    """INSERT INTO inventory_level (store_id, variant_id, on_hand)
       SELECT store_id, id, :stock FROM product_variants WHERE store_id = :store
       ON CONFLICT (store_id, variant_id) DO UPDATE SET on_hand = excluded.on_hand""",
    """INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
       SELECT store_id, variant_id, on_hand, 'initial' FROM inventory_level WHERE store_id = :store""",
    """INSERT INTO tax_rate (store_id, name, country, rate) VALUES (:store, 'Tax', 'US', 0.08)""",
    """INSERT INTO promotion_rule (store_id, name, status, conditions, actions, currency, starts_at)
       VALUES (:store, 'Ten off', 'active', '{"type": "all", "conditions": []}',
               '[{"type": "percent", "percent": "10"}]', 'USD', now() - interval '1 day')""",
)


@dataclass(frozen=True)
class Shop:
    """A filled store behind the API: its goods' variants, and a token that may do anything."""

    base: str
    token: str
    variants: list[UUID]


def main(seconds: float) -> None:
    with throwaway_database() as url:
        database = Database(url)
        store_id, token, variants = fill(database)
        with served(url) as base:
            shop = Shop(base, token, variants)
            for skus in (MANY, 1):
                for buyers in BUYERS:
                    compare(url, shop, skus=skus, buyers=buyers, seconds=seconds)
            race(database, store_id, shop)
            reads(shop, seconds=seconds)
        with database.worker_session() as session:
            broken = [finding.name for finding in check_invariants(session) if not finding.holds]
        print(f"invariants broken afterwards: {broken or 'none'}")
        database.dispose()


def fill(database: Database) -> tuple[UUID, str, list[UUID]]:
    """Make the store; return its id, a token and its variants."""
    with database.owner_session() as session:
        store_id = session.scalar(_STORE)
    assert isinstance(store_id, UUID)
    with database.session_for(store_id) as session:
        for statement in _FILL:
            used = {name: value for name, value in (("store", store_id), ("count", LISTED), ("stock", ENDLESS))
                    if f":{name}" in statement}
            session.execute(text(statement), used)
        variants = list(session.scalars(text("SELECT id FROM product_variants WHERE store_id = :store ORDER BY id"),
                                        {"store": store_id}))
        token = create_token(session, store_id=store_id, name="bench", scopes=SCOPES, now=SystemClock().now())
    with database.owner.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return store_id, token, variants


class Buyer:
    """One customer's HTTP connection."""

    def __init__(self, shop: Shop, *, skus: int) -> None:
        self._shop, self._goods = shop, shop.variants[:skus]
        self._client = httpx.Client(base_url=shop.base, headers={"Authorization": f"Bearer {shop.token}"}, timeout=60)

    def place(self) -> int:
        """Place an order in one call; return the status."""
        body = {"currency": "USD", "items": [self._item()], "shipping_address": address(), "payment": PAYMENT}
        return self._client.post("/v1/orders", json=body).status_code

    def journey(self) -> int:
        """Look, fill a cart, quote, place; return the last status."""
        self._client.get("/v1/products", params={"limit": 24}).raise_for_status()
        cart = self._post("/v1/carts", {"currency": "USD", "items": [self._item()], "shipping_address": address()})
        self._post(f"/v1/carts/{cart['id']}/items", {"items": [self._item()]})
        quote = self._post("/v1/quotes", {"cart_id": cart["id"]})
        return self._client.post("/v1/orders", json={"quote_id": quote["id"], "payment": PAYMENT}).status_code

    def _post(self, path: str, body: dict[str, object]) -> dict[str, str]:
        answer = self._client.post(path, json=body)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found

    def _item(self) -> dict[str, object]:
        return {"variant_id": str(random.choice(self._goods)), "quantity": 1}


def address() -> dict[str, str]:
    """Return where somebody lives who buys here."""
    return {**ADDRESS, "email": f"ada{random.randrange(PEOPLE)}@example.com"}


def compare(url: str, shop: Shop, *, skus: int, buyers: int, seconds: float) -> None:
    """Measure the three in turn, twice, so that noise hits all of them; print the better half of each."""
    raw = RawShop(url, skus=skus, stock=ENDLESS)
    ways: dict[str, list[float]] = {"script": [], "placing": [], "journey": []}
    for _ in range(2):
        ways["script"].append(rate([raw.buy] * buyers, seconds))
        for way in ("placing", "journey"):
            crowd = [Buyer(shop, skus=skus) for _ in range(buyers)]
            ways[way].append(rate([each.place if way == "placing" else each.journey for each in crowd], seconds))
    best = {way: max(rates) for way, rates in ways.items()}
    told = ", ".join(f"{way} {best[way]:,.0f}/s (1/{best['script'] / best[way]:.1f} of the script)"
                     for way in ("placing", "journey"))
    print(f"{skus:>4} SKUs, {buyers:>2} buyers: script {best['script']:,.0f}/s, {told}", flush=True)


def rate(buyers: list[Callable[[], object]], seconds: float) -> float:
    """Return how many orders a second all buyers together get, each as fast as it can."""
    ends = time.monotonic() + seconds
    counts = [0] * len(buyers)

    def buy(number: int) -> None:
        while time.monotonic() < ends:
            outcome = buyers[number]()
            if outcome not in (True, 201):
                raise RuntimeError(f"a buyer was refused: {outcome}")
            counts[number] += 1

    started = time.monotonic()
    with ThreadPoolExecutor(len(buyers)) as pool:
        list(pool.map(buy, range(len(buyers))))
    return sum(counts) / (time.monotonic() - started)


def race(database: Database, store_id: UUID, shop: Shop) -> None:
    """Let 200 buyers have 50 pieces."""
    hot = shop.variants[-1]
    with database.session_for(store_id) as session:
        session.execute(text("""
            WITH l AS (UPDATE inventory_level SET on_hand = :pieces WHERE store_id = :store AND variant_id = :variant
                       RETURNING old.on_hand AS before)
            INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
            SELECT :store, :variant, :pieces - before, 'correction' FROM l"""),
            {"store": store_id, "variant": hot, "pieces": PIECES})
    crowd = [Buyer(Shop(shop.base, shop.token, [hot]), skus=1) for _ in range(RACERS)]
    start = threading.Barrier(RACERS)

    def buy(buyer: Buyer) -> int:
        start.wait()
        return buyer.place()

    with ThreadPoolExecutor(RACERS) as pool:
        outcomes = Counter(pool.map(buy, crowd))
    with database.session_for(store_id) as session:
        left = session.scalar(text("SELECT on_hand FROM inventory_level WHERE variant_id = :variant"), {"variant": hot})
    print(f"{RACERS} buyers, {PIECES} pieces: {dict(outcomes)}, {left} left")
    if outcomes != Counter({201: PIECES, 409: RACERS - PIECES}) or left != 0:
        raise RuntimeError("not exactly as many were sold as there were")


def reads(shop: Shop, *, seconds: float) -> None:
    """Print how often 24 priced products are listed, and how long a search over all of them takes."""
    with httpx.Client(base_url=shop.base, headers={"Authorization": f"Bearer {shop.token}"}, timeout=60) as client:
        client.get("/v1/products", params={"limit": 24}).raise_for_status()
        listed = rate([lambda: client.get("/v1/products", params={"limit": 24}).status_code == 200], seconds)
        spans = []
        for number in range(50):
            began = time.monotonic()
            client.get("/v1/search", params={"q": f"lamp {number}", "mode": "lexical"}).raise_for_status()
            spans.append(time.monotonic() - began)
    searched = statistics.median(spans) * 1000
    print(f"24 products listed {listed:,.0f}/s; {LISTED:,} products searched in {searched:,.1f} ms")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
