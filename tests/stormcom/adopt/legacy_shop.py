"""A legacy shop in a database of its own: physical names, floats, text keys, and every kind of dirt."""

import os
from pathlib import Path

import psycopg

IS_FULL = os.environ.get("STORMCOM_TEST_SCALE") == "full"
FOLDER = Path(__file__).parent
# Products, orders, inventory logs.
SIZE = (100_000, 200_000, 100_000) if IS_FULL else (2_000, 4_000, 2_000)


def make_legacy_shop(url: str, *, size: tuple[int, int, int] = SIZE, has_logs: bool = True) -> None:
    """Fill an empty database; without logs it is as the bootstrap script in the field left it.

    `size`: products (a multiple of 20), orders, inventory logs. The same size gives the same rows.
    """
    rows = (FOLDER / "legacy_rows.sql").read_text()
    for name, number in zip((":P", ":O", ":L"), size, strict=True):
        rows = rows.replace(name, str(number))
    with psycopg.connect(url, options="-c timezone=UTC -c synchronous_commit=off") as connection:
        connection.execute((FOLDER / "legacy_schema.sql").read_text())
        connection.execute(rows)
        if not has_logs:
            connection.execute('DROP TABLE "InventoryLog", "audit_logs"')
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
