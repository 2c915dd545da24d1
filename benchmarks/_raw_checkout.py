"""The least that selling can be: a script by hand that takes stock and writes an order with one line, over psycopg.

No prices, promotions, taxes, shipping, events, audit, tenants, limits or idempotency: the limit that the database sets.
"""

import random
import threading
from uuid import uuid4

import psycopg

TABLES = """
CREATE TABLE raw_stock (sku integer PRIMARY KEY, on_hand integer NOT NULL CHECK (on_hand >= 0));
CREATE TABLE raw_order (id uuid PRIMARY KEY, total bigint NOT NULL, placed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE raw_order_item (order_id uuid NOT NULL REFERENCES raw_order, sku integer NOT NULL,
  quantity integer NOT NULL, price bigint NOT NULL, PRIMARY KEY (order_id, sku));
"""
TAKE = "UPDATE raw_stock SET on_hand = on_hand - 1 WHERE sku = %s AND on_hand >= 1"


class RawShop:
    """Some SKUs in tables of their own. Each thread has a connection."""

    def __init__(self, url: str, *, skus: int, stock: int) -> None:
        self._url, self._skus = url, skus
        self._local = threading.local()
        with psycopg.connect(url) as connection:
            connection.execute(f"DROP TABLE IF EXISTS raw_order_item, raw_order, raw_stock; {TABLES}".encode())
            connection.execute("INSERT INTO raw_stock SELECT s, %s FROM generate_series(1, %s) s", (stock, skus))

    def buy(self) -> bool:
        """Sell one piece of a random SKU; False when there is none."""
        connection = self._connection()
        sku, order = random.randint(1, self._skus), uuid4()
        with connection.transaction():
            if connection.execute(TAKE, (sku,)).rowcount == 0:
                return False
            connection.execute("INSERT INTO raw_order (id, total) VALUES (%s, 1999)", (order,))
            connection.execute("INSERT INTO raw_order_item VALUES (%s, %s, 1, 1999)", (order, sku))
        return True

    def _connection(self) -> psycopg.Connection:
        found: psycopg.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = psycopg.connect(self._url)
        return found
