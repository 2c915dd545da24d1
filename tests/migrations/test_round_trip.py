"""The history can be walked up, down and up again, beside rows, and after dying anywhere in a revision."""

import os
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from migrations import steps
from stormcom.schema import CONTRACT, current, downgrade, head, upgrade
from tests.migrations.legacy import COPIED, fill, values

# One death per so many steps; the full run dies ten times as often.
EVERY = 6 if os.environ.get("STORMCOM_TEST_SCALE") == "full" else 60


def _columns(url: str) -> set[tuple[object, ...]]:
    return {each for each in _shape(url) if each[3] == "column"}


def _shape(url: str) -> set[tuple[object, ...]]:
    """Columns, constraints, indexes and triggers."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("""
            SELECT table_name::text, column_name::text, concat_ws(' ', data_type, is_nullable, column_default),
              'column'
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
            UNION ALL SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) || convalidated,
              'constraint'
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
              AND conrelid <> coalesce(to_regclass('alembic_version'), 0)
            UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
              || indisvalid, 'index' FROM pg_index JOIN pg_class c ON c.oid = indrelid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
            UNION ALL SELECT tgrelid::regclass::text, tgname::text, pg_get_triggerdef(t.oid), 'trigger'
            FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
            WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace""").fetchall()
    # An adopted audit log keeps its past in one partition; a new one has a partition for each month.
    return {each for each in rows if not each[0].startswith("audit_logs_")}


def _files(url: str) -> dict[str, int]:
    """The file of each legacy table: a table that is written anew gets another."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT t, pg_relation_filenode(t) FROM unnest(%s::text[]) t", (list(COPIED),))
        return dict(rows.fetchall())


def test_up_down_up(empty_database: str) -> None:
    upgrade(empty_database)
    first = _shape(empty_database)
    assert current(empty_database) == head()
    downgrade(empty_database, "0001")
    baseline = _columns(empty_database)
    downgrade(empty_database, "base")
    assert _shape(empty_database) == set()
    upgrade(empty_database, "0001")
    assert _columns(empty_database) ^ baseline == set()
    upgrade(empty_database)
    upgrade(empty_database, CONTRACT)
    assert _shape(empty_database) ^ first == set()


def test_a_filled_database_keeps_its_rows(empty_database: str) -> None:
    upgrade(empty_database, "0001")
    fill(empty_database)
    legacy, files = values(empty_database), _files(empty_database)
    upgrade(empty_database, "main@head")
    assert _files(empty_database) == files
    assert values(empty_database) == legacy
    with psycopg.connect(empty_database) as connection:
        amounts = connection.execute(
            "SELECT p.sku, p.price_amount, p.currency, v.sku FROM products p "
            "JOIN product_variants v ON v.product_id = p.id ORDER BY 1, 4").fetchall()
        orders = connection.execute(
            "SELECT o.order_number, o.order_total_amount, s.kind, array_agg(i.ordinal ORDER BY i.created_at) "
            "FROM orders o JOIN subject s ON s.id = o.subject_id JOIN order_items i ON i.order_id = o.id "
            "GROUP BY 1, 2, 3 ORDER BY 1").fetchall()
    assert amounts == [("L1", 1999, "USD", "L1"), ("L2", 2000, "USD", "L2-a"), ("L2", 2000, "USD", "L2-b"),
                       ("Y1", 1235, "JPY", "Y1")]
    assert orders == [("N1", 2149, "customer", [1, 2]), ("N2", 2149, "guest", [1, 2]), ("N3", 2149, "order", [1, 2])]
    downgrade(empty_database, "0001")
    assert values(empty_database) == legacy
    upgrade(empty_database, "main@head")
    assert values(empty_database) == legacy


class Killed(Exception):
    """Stands for the process's death: nothing after it runs, the connection is gone."""


def _dying(work: Callable[..., Any], every: int, deaths: list[int]) -> Callable[..., Any]:
    """Do the work, then die at each `every`th time; what was done before does not count."""
    seen: set[str] = set()

    def done_then_dead(*args: Any) -> Any:
        what = repr(args[1:])
        is_new = what not in seen
        seen.add(what)
        result = work(*args)
        if is_new and len(seen) % every == 0:
            deaths.append(len(seen))
            raise Killed
        return result

    return done_then_dead


def test_it_goes_on_where_it_was_killed(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(empty_database, "0001")
    fill(empty_database)
    legacy = values(empty_database)
    with psycopg.connect(empty_database) as connection:
        # What a killed CREATE INDEX CONCURRENTLY leaves behind.
        connection.execute("CREATE INDEX orders_store_id_subject_id_idx ON orders (store_id)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
                           "'orders_store_id_subject_id_idx'::regclass")
    deaths: list[int] = []
    with monkeypatch.context() as patches:
        patches.setattr(steps, "_run", _dying(steps._run, EVERY, deaths))
        patches.setattr(steps, "_run_batch", _dying(steps._run_batch, 5, deaths))
        patches.setattr(steps, "_build", _dying(steps._build, EVERY // 3, deaths))
        while current(empty_database) != head():
            count = len(deaths)
            try:
                upgrade(empty_database, "main@head")
            except Killed:
                continue
            assert len(deaths) == count
    assert len(deaths) >= 5
    assert values(empty_database) == legacy
    walked = _shape(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regnamespace('migration_progress')").fetchone() == (None,)
    downgrade(empty_database, "base")
    upgrade(empty_database, "main@head")
    assert walked ^ _shape(empty_database) == set()
