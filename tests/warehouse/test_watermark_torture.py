"""Twelve writers commit after random delays while the lake reads: only by row version is nothing lost."""

import os
import random
import threading
import time

import psycopg
import pytest

from oltp.db.session import Database
from tests.warehouse.shop import Shop
from warehouse.connection import Lake
from warehouse.extraction import ExtractionKey, extract

WRITERS = 12
ROWS = 50 if os.environ.get("STORMCOM_TEST_SCALE") == "full" else 12


def connect(database: Database) -> psycopg.Connection:
    return psycopg.connect(database.url, options="-c role=stormcom_owner -c row_security=off")


def insert(connection: psycopg.Connection, shop: Shop, sku: str) -> None:
    connection.execute(
        "INSERT INTO products (store_id, name, slug, sku, price_amount, currency, updated_at) "
        "VALUES (%s, %s, %s, %s, 100, 'USD', clock_timestamp())",
        (shop.store_id, sku, sku.lower(), sku),
    )


def write(database: Database, shop: Shop, seed: int) -> None:
    """Insert products one transaction each, each committed late."""
    chance = random.Random(seed)
    with connect(database) as connection:
        for number in range(ROWS):
            insert(connection, shop, f"W{seed}-{number}")
            time.sleep(chance.uniform(0, 0.08))
            connection.commit()


def lost_rows(database: Database, shop: Shop, lake: Lake, key: ExtractionKey) -> int:
    """Let writers and passes race, read once more in the end, and count what is missing in the lake."""
    shop.product("FIRST")
    extract(lake)
    writers = [threading.Thread(target=write, args=(database, shop, seed)) for seed in range(WRITERS)]
    # However slow the machine, one row is older than what the first pass sees, and committed after it.
    with connect(database) as latest:
        insert(latest, shop, "LATEST")
        for writer in writers:
            writer.start()
        writers[0].join()
        extract(lake, key=key)
    while any(writer.is_alive() for writer in writers):
        extract(lake, key=key)
    extract(lake, key=key)
    with psycopg.connect(database.url) as connection:
        there = {row[0] for row in connection.execute("SELECT id FROM products")}
    rows = [row[0] for row in lake.query("SELECT id FROM raw.products")]
    assert len(rows) == len(set(rows)), "a row is in the lake twice"
    assert set(rows) <= there
    assert len(there) == WRITERS * ROWS + 2
    return len(there - set(rows))


def test_by_row_version_nothing_is_lost(database: Database, shop: Shop, lake: Lake) -> None:
    assert lost_rows(database, shop, lake, ExtractionKey.ROW_VERSION) == 0


@pytest.mark.parametrize("key", [ExtractionKey.ID, ExtractionKey.UPDATED_AT])
def test_by_id_or_clock_rows_are_lost(database: Database, shop: Shop, lake: Lake, key: ExtractionKey) -> None:
    """The proof that the test above can fail."""
    assert lost_rows(database, shop, lake, key) > 0
