"""Touched keys: which keys of the models have to be rebuilt because raw rows changed.

Each rule is a SELECT of (store_id, key as text) over the changed rows of one raw table: those that came, went or were
replaced, with their old and their new values, so that a row which moves touches the place it leaves as well.
"""

import duckdb

from warehouse.model import EVERYTHING

_ZONED_DAY = """
SELECT e.store_id, CAST(CAST(e.corrected_at AT TIME ZONE z.time_zone AS DATE) AS VARCHAR)
FROM {rows} AS e JOIN (
  SELECT store_id, time_zone, valid_from,
    LEAD(valid_from) OVER (PARTITION BY store_id ORDER BY valid_from) AS valid_until
  FROM raw.store_zone_history) AS z
  ON z.store_id = e.store_id AND e.corrected_at >= z.valid_from
  AND (z.valid_until IS NULL OR e.corrected_at < z.valid_until)
"""
# A row whose event id came twice may become the first received, or stop being it: its partners change with it.
_PARTNERS = """
SELECT e.* FROM raw.analytics_events AS e JOIN (
  SELECT store_id, event_id FROM raw.analytics_events
  WHERE (store_id, event_id) IN (SELECT store_id, event_id FROM changed_analytics_events)
  GROUP BY store_id, event_id HAVING COUNT(*) > 1) AS d ON d.store_id = e.store_id AND d.event_id = e.event_id
"""
_SWITCHES = "name IN ('order.cancelled', 'order.items_cancelled', 'order.reactivated')"

# raw table → (kind, SELECT)
RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "orders": (("order", "SELECT store_id, CAST(id AS VARCHAR) FROM changed_orders"),),
    "order_items": (
        ("order", "SELECT store_id, CAST(order_id AS VARCHAR) FROM changed_order_items"),
        ("store_window", "SELECT store_id, '' FROM changed_order_items"),
    ),
    "refunds": (("order", "SELECT store_id, CAST(order_id AS VARCHAR) FROM changed_refunds"),),
    "refund_items": (("order", "SELECT store_id, CAST(order_id AS VARCHAR) FROM changed_refund_items"),),
    "domain_events": (
        ("order", f"SELECT store_id, CAST(entity_id AS VARCHAR) FROM changed_domain_events WHERE {_SWITCHES}"),
    ),
    "subjects": (
        (
            "order",
            "SELECT o.store_id, CAST(o.id AS VARCHAR) FROM raw.orders AS o JOIN changed_subjects AS c "
            "ON c.store_id = o.store_id AND c.surrogate = o.surrogate",
        ),
        ("visitor", "SELECT store_id, CAST(surrogate AS VARCHAR) FROM changed_subjects"),
    ),
    "analytics_events": (
        (
            "visitor",
            "SELECT store_id, CAST(surrogate AS VARCHAR) FROM changed_analytics_events WHERE surrogate IS NOT NULL "
            f"UNION SELECT store_id, CAST(surrogate AS VARCHAR) FROM ({_PARTNERS}) WHERE surrogate IS NOT NULL",
        ),
        (
            "store_day",
            _ZONED_DAY.format(rows="changed_analytics_events") + "UNION" + _ZONED_DAY.format(rows=f"({_PARTNERS})"),
        ),
    ),
    "products": (("store_window", "SELECT store_id, '' FROM changed_products"),),
}
# A changed currency or zone moves every day of its store; that is rare enough to rebuild everything.
_SETTLED = {
    "stores": "SELECT id AS store_id FROM changed_stores",
    "store_zone_history": "SELECT store_id FROM changed_store_zone_history",
}


def next_pass(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the next pass. The caller holds the lock `meta.touched`, or two passes could take the same."""
    row = connection.execute(
        "SELECT COALESCE(MAX(pass_id), 0) + 1 FROM (SELECT MAX(pass_id) AS pass_id FROM meta.horizon "
        "UNION ALL SELECT MAX(pass_id) FROM meta.touched)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def emit(connection: duckdb.DuckDBPyConnection, pass_id: int, kind: str, select: str) -> int:
    """Store the keys that `select` yields as touched in this pass; returns how many."""
    row = connection.execute(
        f"INSERT INTO meta.touched SELECT DISTINCT CAST({pass_id} AS BIGINT), '{kind}', store_id, key "
        f"FROM ({select}) AS t(store_id, key)"
    ).fetchone()
    return int(row[0]) if row else 0


def emit_all(connection: duckdb.DuckDBPyConnection, pass_id: int, kind: str = EVERYTHING) -> None:
    """Touch every key of a kind, or of every kind."""
    connection.execute(f"INSERT INTO meta.touched VALUES ({pass_id}, '{kind}', NULL, NULL)")


def settles_stores(connection: duckdb.DuckDBPyConnection, changed: set[str]) -> bool:
    """Whether a store that already has data changed its currency or zones. Ask before the rows are merged."""
    selects = [select for table, select in _SETTLED.items() if table in changed]
    if not selects:
        return False
    stores = " UNION ".join(selects)
    row = connection.execute(
        f"WITH c AS ({stores}) SELECT EXISTS (SELECT 1 FROM raw.orders WHERE store_id IN (SELECT store_id FROM c)) "
        "OR EXISTS (SELECT 1 FROM raw.analytics_events WHERE store_id IN (SELECT store_id FROM c))"
    ).fetchone()
    return bool(row and row[0])
