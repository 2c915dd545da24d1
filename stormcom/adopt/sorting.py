"""Sorting: which staged rows the baseline can hold, with their ids and parents; the others are set aside with a reason.

`ready_<table>` holds the baseline's columns, the row's old key, and `owner_id`: the store it belongs to, where it
belongs to one. Parents are sorted before their children, so a child of a row that was set aside is set aside too.
"""

import psycopg

from stormcom.adopt.source import SourceTable
from stormcom.adopt.tables import BY_NAME, Column, LegacyTable

# More could not be told in minor units, and no shop means it.
_LARGEST = "1e15"
# The table whose row says which store a row belongs to, by the key that leads there.
_OWNER_BY = {
    "product_variants": "product_id", "product_attribute_values": "product_id", "order_items": "order_id",
    "reviews": "product_id",
}
# A value that stands in for one that the phases could not take.
_REPAIRED = {
    ("stores", "currency"): "(SELECT c.becomes FROM currency_choice c WHERE c.was = s.currency)",
    ("stores", "timezone"): "(SELECT z.becomes FROM zone_choice z WHERE z.was = s.timezone)",
    # The review's product knows its store; the column had no key that would have kept it right.
    ("reviews", "store_id"): "p_product_id.owner_id",
}


def sort_rows(target: psycopg.Connection, found: SourceTable) -> int:
    """Make `ready_<table>` of `stage_<table>`; return how many rows were set aside."""
    table = found.table
    target.execute(f"""
        CREATE TEMP TABLE ready_{table.name} AS
        WITH judged AS (SELECT s.ctid AS place, s.old_key, k.new_id AS id, {_owner(table)} AS owner_id,
                               {_values(table)}, {_reason(table)} AS refusal {_from(table)}),
             counted AS (SELECT *, {_repeated(target, found)} AS is_repeated FROM judged)
        SELECT {_kept(table)}, coalesce(refusal, CASE WHEN is_repeated THEN 'repeats a row that was adopted' END)
          AS refusal FROM counted""")
    _detach_lost_parents(target, table)
    row = target.execute(f"""
        WITH gone AS (DELETE FROM ready_{table.name} WHERE refusal IS NOT NULL RETURNING place, refusal),
        kept AS (INSERT INTO adoption.set_aside SELECT '{table.name}', s.old_key, to_jsonb(s) - 'old_key', g.refusal
                 FROM gone g JOIN stage_{table.name} s ON s.ctid = g.place)
        SELECT count(*) FROM gone""").fetchone()
    target.execute(f"ANALYZE ready_{table.name}")
    assert row is not None
    return int(row[0])


def _parents(table: LegacyTable) -> list[Column]:
    return [column for column in table.columns if column.parent and column.parent != table.name]


def _from(table: LegacyTable) -> str:
    """The stage with its id and, by the old key, every parent that was found good."""
    joins = [
        f"LEFT JOIN ready_{column.parent} p_{column.name} ON p_{column.name}.old_key = s.{column.name}"
        for column in _parents(table)
    ]
    own = [
        f"LEFT JOIN adoption.adopted_key p_{column.name} ON p_{column.name}.table_name = '{table.name}' "
        f"AND p_{column.name}.old_key = s.{column.name}"
        for column in table.columns if column.parent == table.name
    ]
    return (f"FROM stage_{table.name} s JOIN adoption.adopted_key k ON k.table_name = '{table.name}' "
            f"AND k.old_key = s.old_key {' '.join([*joins, *own])}")


def _owner(table: LegacyTable) -> str:
    if table.name == "stores":
        return "k.new_id"
    if table.name in _OWNER_BY:
        return f"p_{_OWNER_BY[table.name]}.owner_id"
    return "p_store_id.id" if "store_id" in table.names else "NULL::uuid"


def _values(table: LegacyTable) -> str:
    return ", ".join(f'{_value(table, column)} AS "{column.name}"' for column in table.columns)


def _value(table: LegacyTable, column: Column) -> str:
    own = f's."{column.name}"'
    if (table.name, column.name) in _REPAIRED:
        own = _REPAIRED[table.name, column.name]
    elif column.parent == table.name:
        own = f"p_{column.name}.new_id"
    elif column.parent:
        own = f"p_{column.name}.id"
        if column.is_nullable and _owner_of(column.parent) and _owner(table) != "NULL::uuid":
            own = f"CASE WHEN p_{column.name}.owner_id = {_owner(table)} THEN {own} END"
    elif column.is_enum:
        # Checked by _reason; the cast must not meet a label the baseline lacks.
        own = f"CASE WHEN {_is_label(column)} THEN {own}::{column.kind} END"
    return f"coalesce({own}, {column.default})" if column.default and not column.is_nullable else own


def _owner_of(table: str) -> bool:
    return _owner(BY_NAME[table]) not in {"NULL::uuid", "k.new_id"}


def _is_label(column: Column) -> str:
    return (f"s.{column.name} IN (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = "
            f"'public.{column.kind}'::regtype)")


def _reason(table: LegacyTable) -> str:
    """The first thing that keeps a row out of the baseline, or out of the phases after it."""
    cases = []
    for column in table.columns:
        own = f's."{column.name}"'
        if column.is_enum:
            cases.append((f"{own} IS NOT NULL AND NOT {_is_label(column)}", f"unknown {column.name}"))
        if column.kind == "money":
            cases.append((f"NOT {own} BETWEEN -{_LARGEST} AND {_LARGEST}", f"{column.name} is no amount"))
        if column.is_nullable or (table.name, column.name) == ("reviews", "store_id"):
            continue
        if column.parent:
            cases.append((f"p_{column.name}.id IS NULL", f"{column.name} names no adopted row of {column.parent}"))
            if _owner_of(column.parent) and _owner(table) != "NULL::uuid":
                cases.append((f"p_{column.name}.owner_id IS DISTINCT FROM {_owner(table)}",
                              f"{column.name} belongs to another store"))
        elif column.default is None:
            cases.append((f"{own} IS NULL", f"{column.name} is empty"))
    whens = " ".join(f"WHEN {condition} THEN '{words}'" for condition, words in cases)
    return f"CASE {whens} END" if whens else "NULL::text"


def _repeated(target: psycopg.Connection, found: SourceTable) -> str:
    """Whether an earlier good row has the same key or the same unique values; looked for only where there are any."""
    table = found.table
    order = "created_at, old_key" if "created_at" in table.names else "old_key"
    tests = []
    for columns in (*table.unique, *(() if found.has_key else (("old_key",),))):
        names = ", ".join(f'"{name}"' for name in columns)
        filled = " AND ".join(f'"{name}" IS NOT NULL' for name in columns)
        if target.execute(f"""SELECT FROM stage_{table.name} WHERE {filled}
                              GROUP BY {names} HAVING count(*) > 1 LIMIT 1""").fetchone() is not None:
            window = f"PARTITION BY refusal IS NULL, {names} ORDER BY {order}, place"
            tests.append(f"({filled} AND row_number() OVER ({window}) > 1)")
    return " OR ".join(tests) or "false"


def _kept(table: LegacyTable) -> str:
    names = ("place", "old_key", "id", "owner_id", *(column.name for column in table.columns))
    return ", ".join(f'"{name}"' for name in names)


def _detach_lost_parents(target: psycopg.Connection, table: LegacyTable) -> None:
    """Clear keys to rows of the same table that were set aside, are not there, or belong to another store."""
    for column in table.columns:
        if column.parent == table.name:
            target.execute(f"""
                UPDATE ready_{table.name} r SET {column.name} = NULL WHERE {column.name} IS NOT NULL AND NOT EXISTS (
                  SELECT FROM ready_{table.name} p WHERE p.id = r.{column.name} AND p.refusal IS NULL
                    AND p.owner_id = r.owner_id)""")
