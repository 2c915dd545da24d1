"""The history can be walked up, down and up again, and ends where the models are."""

import psycopg

from stormcom.schema import current, downgrade, head, upgrade


def _shape(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("""
            SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2""").fetchall()


def test_up_down_up(empty_database: str) -> None:
    upgrade(empty_database)
    first = _shape(empty_database)
    assert current(empty_database) == head()
    downgrade(empty_database, "0001")
    baseline = _shape(empty_database)
    downgrade(empty_database, "base")
    assert _shape(empty_database) == []
    upgrade(empty_database, "0001")
    assert _shape(empty_database) == baseline
    upgrade(empty_database)
    assert _shape(empty_database) == first
