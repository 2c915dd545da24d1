"""Keys: every legacy key gets the id it would get in any other adoption too, and is kept beside it."""

from collections.abc import Iterator
from uuid import UUID, uuid5

import psycopg

# Fixed for ever: ids of adopted rows follow from it.
NAMESPACE = UUID("5b0b9d6c-8f0e-5d5a-9a57-2f8f1f6f0c11")


def adopted_id(table: str, old_key: str) -> UUID:
    """Return the id of the row that had `old_key` in what is now `table`."""
    return uuid5(NAMESPACE, f"{table}:{old_key}")


def give_ids(target: psycopg.Connection, table: str, *, run: int) -> int:
    """Give an id to every staged row of `table` that has none yet; return how many that were."""
    count = 0
    rows = target.execute(f"""
        SELECT DISTINCT s.old_key FROM stage_{table} s WHERE NOT EXISTS (
          SELECT FROM adoption.adopted_key k WHERE k.table_name = '{table}' AND k.old_key = s.old_key)""").fetchall()
    with target.cursor().copy("COPY adoption.adopted_key (table_name, old_key, new_id, first_run) FROM STDIN") as copy:
        for row in _rows(rows, table, run):
            copy.write_row(row)
            count += 1
    return count


def _rows(keys: list[tuple[str]], table: str, run: int) -> Iterator[tuple[str, str, str, int]]:
    for (key,) in keys:
        yield table, key, str(adopted_id(table, key)), run
