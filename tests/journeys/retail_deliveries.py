"""The imported year taken apart and delivered to the lake again: day by day, in any order, late and repeated."""

import random

from tests.warehouse.test_late_shuffle import empty
from warehouse.connection import Lake
from warehouse.merging import merge
from warehouse.tables import RAW_TABLES
from warehouse.touching import next_pass

# The day a row belongs to. A row of no day comes with the day its key hashes to: catalogue and people arrive late too.
DAY = {
    "orders": "CAST(k.placed_at AS DATE)",
    "order_items": "(SELECT CAST(o.placed_at AS DATE) FROM raw.orders o WHERE o.id = k.order_id)",
    "refunds": "CAST(k.processed_at AS DATE)",
    "refund_items": "(SELECT CAST(r.processed_at AS DATE) FROM raw.refunds r WHERE r.id = k.refund_id)",
    "domain_events": "CAST(k.occurred_at AS DATE)",
}
FIRST = {"stores", "store_zone_history"}
LATE = "order_items"  # one line in fifty comes with another day than its order


def take_apart(lake: Lake, *, pieces: int) -> None:
    """Put the raw rows aside as `kept_<name>`, each with the number of the piece it comes with (its day's)."""
    with lake.transaction() as connection:
        for name, table in RAW_TABLES.items():
            key = "HASH(" + ", ".join(f"k.{column}" for column in table.key) + ")"
            piece = "0" if name in FIRST else f"HASH({DAY.get(name, key)}) % {pieces}"
            if name == LATE:
                piece = f"CASE WHEN {key} % 50 = 0 THEN {key} % {pieces} ELSE {piece} END"
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE kept_{name} AS SELECT k.*, {piece} AS piece FROM raw.{name} k"
            )


def deliver_piece(lake: Lake, piece: int, *, pieces: int) -> None:
    """Merge one piece, and with it a tenth of the piece before it once more."""
    with lake.transaction("raw", "meta.touched") as connection:
        for name in RAW_TABLES:
            again = f"(piece = {(piece - 1) % pieces} AND HASH(row_version, piece) % 10 = 0)"
            connection.execute(f"""
                CREATE OR REPLACE TEMP TABLE delta_{name} AS
                SELECT * EXCLUDE (piece) FROM kept_{name} WHERE piece = {piece} OR {again}""")
            connection.execute(f"CREATE OR REPLACE TEMP TABLE gone_{name} (store_id UUID, row_id VARCHAR)")
        merge(connection, next_pass(connection))


def random_order(pieces: int, *, seed: int) -> list[int]:
    """The pieces in random order, the store itself first."""
    rest = list(range(1, pieces))
    random.Random(seed).shuffle(rest)
    return [0, *rest]


__all__ = ["deliver_piece", "empty", "random_order", "take_apart"]
