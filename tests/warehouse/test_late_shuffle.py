"""Rows delivered in any order, in pieces, late and more than once, give the metrics of one delivery in order."""

import os
from collections.abc import Callable

from tests.warehouse.flowing import flow
from tests.warehouse.shop import Shop
from tests.warehouse.test_incremental import RandomShop
from warehouse.connection import Lake
from warehouse.merging import merge
from warehouse.models import MODELS
from warehouse.refresh import content_hash, refresh_all
from warehouse.tables import RAW_TABLES
from warehouse.touching import next_pass

PIECES = 5 if os.environ.get("STORMCOM_TEST_SCALE") == "full" else 3


def hashes(lake: Lake) -> dict[str, str]:
    return {name: content_hash(lake, name) for name in MODELS}


def keep(lake: Lake) -> None:
    """Put the raw rows aside."""
    with lake.transaction() as connection:
        for name in RAW_TABLES:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE kept_{name} AS FROM raw.{name}")


def empty(lake: Lake) -> None:
    with lake.transaction() as connection:
        for name in (*(f"raw.{name}" for name in RAW_TABLES), *MODELS, "meta.touched", "meta.progress"):
            connection.execute(f"DELETE FROM {name}")
        connection.execute("DELETE FROM meta.duplicate_events")


def deliver(lake: Lake, condition: str) -> None:
    """Merge the kept rows that meet the condition, as a pass of their own."""
    with lake.transaction("raw", "meta.touched") as connection:
        for name in RAW_TABLES:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE delta_{name} AS FROM kept_{name} WHERE {condition}")
            connection.execute(f"CREATE OR REPLACE TEMP TABLE gone_{name} (store_id UUID, row_id VARCHAR)")
        merge(connection, next_pass(connection))


def in_pieces(lake: Lake, condition: Callable[[int], str]) -> dict[str, str]:
    empty(lake)
    for piece in range(PIECES):
        deliver(lake, condition(piece))
        refresh_all(lake)
    return hashes(lake)


def test_shuffled_equals_in_order_equals_one_shot(shop: Shop, lake: Lake) -> None:
    actor = RandomShop(shop, 11)
    for _ in range(60):
        actor.chance.choice(actor.acts)()
    flow(lake)
    one_shot = hashes(lake)
    keep(lake)
    # By row version: as Postgres wrote them. By hash: lines before their orders, refunds before both, a third repeated.
    versions = sorted({row[0] for name in RAW_TABLES for row in lake.query(f"SELECT row_version FROM kept_{name}")})
    cuts = [versions[0], *(versions[len(versions) * piece // PIECES] for piece in range(1, PIECES)), versions[-1] + 1]
    ordered = in_pieces(lake, lambda piece: f"row_version >= {cuts[piece]} AND row_version < {cuts[piece + 1]}")
    shuffled = in_pieces(
        lake, lambda piece: f"HASH(row_version) % {PIECES} = {piece} OR HASH(row_version + {piece}) % 3 = 0"
    )
    assert ordered == one_shot
    assert shuffled == one_shot
