"""Programs around an adoption: a legacy one that writes before, during and after it, a new reader, a watch of locks.

The legacy program speaks the legacy physical names to the source, and the baseline's names to the target.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg

from oltp.db.session import Database
from oltp.merchandising.queries import ListingFilter, list_products
from oltp.orders.queries import OrderFilter, list_orders

NAME = "a shop's program"
PAUSE_SECONDS = 0.01
SAMPLE_SECONDS = 0.05
# What a source that was closed says: the session was ended, or the new one is read-only.
CLOSED = (psycopg.errors.ReadOnlySqlTransaction, psycopg.OperationalError)


@dataclass(frozen=True)
class Dialect:
    """The same statements in the names of one side."""

    order: str
    line: str
    stock: str
    log: str
    price: str
    images: str
    customer: str
    ordered: str
    product: str


# A product by its shop and SKU, which is how the legacy platform finds one by index.
_THERE = '"storeId" = (SELECT id FROM "Store" WHERE slug = %(shop)s) AND sku = %(sku)s'
_HERE = "store_id = (SELECT id FROM stores WHERE slug = %(shop)s) AND sku = %(sku)s"
SOURCE = Dialect(
    order="""INSERT INTO "Order" (id, "storeId", "orderNumber", subtotal, "taxAmount", "totalAmount",
               "shippingAddress", "createdAt", "updatedAt") SELECT %(id)s, id, %(number)s, %(price)s * 2, 0,
               %(price)s * 2, '{}', %(now)s, %(now)s FROM "Store" WHERE slug = %(shop)s""",
    line=f"""INSERT INTO "OrderItem" (id, "orderId", "productId", "productName", sku, price, quantity, subtotal,
              "totalAmount", "createdAt", "updatedAt") SELECT %(line)s, %(id)s, id, name, sku, %(price)s, 2,
              %(price)s * 2, %(price)s * 2, %(now)s, %(now)s FROM "Product"
            WHERE {_THERE}""",
    stock=f"""UPDATE "Product" SET "inventoryQty" = "inventoryQty" - 2, "updatedAt" = %(now)s WHERE {_THERE}""",
    log=f"""INSERT INTO "InventoryLog" (id, "storeId", "productId", "previousQty", "newQty", "changeQty", reason, note)
           SELECT %(log)s, "storeId", id, "inventoryQty" + 2, "inventoryQty", -2, 'Sale', %(number)s FROM "Product"
           WHERE {_THERE}""",
    price=f"""UPDATE "Product" SET price = %(price)s, "updatedAt" = %(now)s WHERE {_THERE}""",
    images=f"""UPDATE "Product" SET images = %(images)s, "updatedAt" = %(now)s WHERE {_THERE}""",
    customer="""INSERT INTO "Customer" (id, "storeId", email, "firstName", "lastName", "updatedAt")
                SELECT %(id)s, id, %(number)s || '@example.test', 'F', 'L', %(now)s FROM "Store"
                WHERE slug = %(shop)s""",
    ordered="""SELECT FROM "Order" WHERE "orderNumber" = %(number)s""",
    product=f"""SELECT id, price, "inventoryQty", images FROM "Product" WHERE {_THERE}""",
)
TARGET = Dialect(
    order="""INSERT INTO orders (id, store_id, order_number, subtotal, tax_amount, total_amount, shipping_address,
               created_at, updated_at) SELECT %(id)s, id, %(number)s, %(price)s * 2, 0, %(price)s * 2, '{}',
               %(now)s, %(now)s FROM stores WHERE slug = %(shop)s""",
    line=f"""INSERT INTO order_items (id, order_id, product_id, product_name, sku, price, quantity, subtotal,
              total_amount, created_at, updated_at) SELECT %(line)s, %(id)s, id, name, sku, %(price)s, 2,
              %(price)s * 2, %(price)s * 2, %(now)s, %(now)s FROM products WHERE {_HERE}""",
    stock=f"UPDATE products SET inventory_qty = inventory_qty - 2, updated_at = %(now)s WHERE {_HERE}",
    log=f"""INSERT INTO inventory_logs (id, store_id, product_id, previous_qty, new_qty, change_qty, reason, note)
           SELECT %(log)s, store_id, id, inventory_qty + 2, inventory_qty, -2, 'Sale', %(number)s FROM products
           WHERE {_HERE}""",
    price=f"UPDATE products SET price = %(price)s, updated_at = %(now)s WHERE {_HERE}",
    images=f"UPDATE products SET images = %(images)s, updated_at = %(now)s WHERE {_HERE}",
    customer="""INSERT INTO customers (id, store_id, email, first_name, last_name, updated_at)
                SELECT %(id)s, id, %(number)s || '@example.test', 'F', 'L', %(now)s FROM stores
                WHERE slug = %(shop)s""",
    ordered="SELECT FROM orders WHERE order_number = %(number)s",
    product=f"""SELECT id, price, inventory_qty, images FROM products WHERE {_HERE}""",
)


@dataclass
class LegacyProgram:
    """Sells, changes prices and pictures, and makes customers in one shop, until it is stopped.

    Refused by a closed source, it waits for `target` and does the same thing there. What was acknowledged is kept.
    """

    source: str
    shop: str
    skus: tuple[str, ...]
    target: str | None = None
    orders: dict[str, float] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)
    sold: Counter[str] = field(default_factory=Counter)
    prices: dict[str, float] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest: float = 0.0
    switched: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        turn = 0
        connection: psycopg.Connection | None = None
        while not self.stopped.wait(PAUSE_SECONDS) and not self.errors:
            turn += 1
            while not self.stopped.is_set():
                there = self.target
                try:
                    connection = connection or self._connect(there)
                    began = time.monotonic()
                    self._work(connection, TARGET if there else SOURCE, turn)
                    self.longest = max(self.longest, time.monotonic() - began)
                    break
                except psycopg.Error as error:
                    if connection is not None:
                        connection.close()
                    connection = None
                    if there is not None or not isinstance(error, CLOSED):
                        self.errors.append(f"{type(error).__name__}: {error}")
                        return
                    self.refused.append(type(error).__name__)
                    self.switched.wait(600)
        if connection is not None:
            connection.close()

    def switch(self, target: str) -> None:
        """From now on the shop's truth is there."""
        self.target = target
        self.switched.set()

    def _connect(self, target: str | None) -> psycopg.Connection:
        role = "-c role=stormcom_owner -c row_security=off" if target else ""
        return psycopg.connect(target or self.source, application_name=NAME, options=f"-c timezone=UTC {role}")

    def _work(self, connection: psycopg.Connection, names: Dialect, turn: int) -> None:
        """One transaction; what it did is noted when it is acknowledged."""
        sku, number = self.skus[turn // 4 % len(self.skus)], f"{self.shop}-{turn:06d}"
        facts = {"shop": self.shop, "sku": sku, "number": number, "price": round(turn % 97 + 0.37, 2),
                 "images": f'["https://cdn.example.test/{turn}.jpg"]', "now": "2026-11-24",
                 "id": str(uuid4()), "line": str(uuid4()), "log": str(uuid4())}
        if names is SOURCE:
            facts |= {name: f"c{facts[name][:23]}" for name in ("id", "line", "log")}
        connection.execute(names.product, facts)
        kind = turn % 4
        if kind == 0:
            connection.execute(names.price, facts)
        elif kind == 1:
            connection.execute(names.images, facts)
        elif kind == 2:
            connection.execute(names.customer, facts)
        elif connection.execute(names.ordered, facts).fetchone() is None:
            for statement in (names.stock, names.order, names.line, names.log):
                connection.execute(statement, facts)
        connection.commit()
        self._note(kind, sku, number, facts)

    def _note(self, kind: int, sku: str, number: str, facts: dict[str, object]) -> None:
        if kind == 0:
            self.prices[sku] = float(str(facts["price"]))
        elif kind == 1:
            self.images[sku] = str(facts["images"])
        elif kind == 2:
            self.customers.append(f"{number}@example.test")
        else:
            self.orders[number] = float(str(facts["price"])) * 2
            self.sold[sku] += 2


@dataclass
class NewReader:
    """A program of the new kind: lists products and orders of its stores, under row-level security."""

    database: Database
    stores: tuple[UUID, ...]
    pages: int = 0
    longest: float = 0.0
    errors: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(PAUSE_SECONDS) and not self.errors:
            for store in self.stores:
                began = time.monotonic()
                try:
                    with self.database.session_for(store) as session:
                        rows = list_products(
                            session, store_id=store, wanted=ListingFilter(), after=None, limit=20, locale="en")
                        list_orders(session, store_id=store, wanted=OrderFilter(), after=None, limit=20)
                    assert rows
                except Exception as error:
                    self.errors.append(f"{type(error).__name__}: {error}")
                self.longest = max(self.longest, time.monotonic() - began)
                self.pages += 1


@dataclass
class Wait:
    """The longest wait of its kind: who waited for whom."""

    seconds: float
    statement: str
    blocker: str


@dataclass
class LockWatch:
    """Samples pg_locks for what waits in one database; keeps the longest wait per waiter and kind of lock."""

    url: str
    waits: dict[tuple[str, str], Wait] = field(default_factory=dict)
    samples: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stopped.wait(SAMPLE_SECONDS):
                self.samples += 1
                for name, kind, seconds, *statements in connection.execute("""
                        SELECT a.application_name, l.locktype,
                               coalesce(extract(epoch FROM clock_timestamp() - l.waitstart), 0)::float8,
                               left(a.query, 300),
                               (SELECT string_agg(left(b.query, 300), ' | ') FROM pg_stat_activity b
                                WHERE b.pid = ANY(pg_blocking_pids(a.pid)))
                        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                        WHERE NOT l.granted AND a.datname = current_database()"""):
                    wait = Wait(seconds, *statements)
                    if seconds > self.waits.get((name, kind), Wait(-1, "", "")).seconds:
                        self.waits[name, kind] = wait

    @property
    def longest(self) -> Wait:
        """The longest wait of any session; an index built beside writers waits for old snapshots, not for a lock."""
        found = [wait for (_, kind), wait in self.waits.items() if kind != "virtualxid"]
        return max(found, key=lambda wait: wait.seconds, default=Wait(0, "", ""))
