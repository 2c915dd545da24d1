"""Findings: everything that had to be decided or looks odd, row by row, in SQL over what was staged and sorted.

Each question selects `kind`, `old_key` and `detail`. `ready_*` are rows the baseline holds, `stage_*` rows as they
were.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from stormcom.adopt.oddities import IMAGE_MEANINGS, IMAGES, ODDITIES
from stormcom.adopt.source import Inventory
from stormcom.adopt.tables import TABLES, LegacyTable

_EXAMPLES = 5
# What the words of a kind mean, in the order in which a report shows them.
MEANINGS = {
    "currency replaced": "no ISO 4217 code: the code it was meant to be, or USD. Correct it in the source, or its money"
                         " is in the wrong currency",
    "time zone replaced": "no time zone: the zone it was meant to be, or UTC",
    "review's store replaced": "the store of a review was not its product's; it is now",
    "reference cleared": "named a row that is not there, was set aside or belongs to another store; empty now",
    "default used": "empty where the baseline needs a value; the baseline's default stands in",
    "amount rounded": "not a whole number of the currency's minor units; kept as it is, rounded half away from zero"
                      " when money becomes whole minor units",
    "amount with noise": "float noise (0.1 + 0.2) beyond the minor unit; no amount changes",
    **{oddity.kind: oddity.meaning for oddity in ODDITIES},
    **IMAGE_MEANINGS,
}


@dataclass(frozen=True)
class _Question:
    table: str
    sql: str


def _one_kind(kind: str, table: str, sql: str) -> _Question:
    """A question whose rows are all of one kind."""
    return _Question(table, f"SELECT $k${kind}$k$ AS kind, q.* FROM ({sql}) q")


def find(target: psycopg.Connection, inventory: Inventory) -> list[dict[str, Any]]:
    """Answer every question, keep each answer as a row of adoption.finding, and return counts with examples."""
    there = {each.table.name for each in inventory.tables}
    for question in [*_changes(), *_money(), *_oddities()]:
        if question.table in there:
            target.execute(f"""INSERT INTO adoption.finding (kind, table_name, old_key, detail)
                SELECT q.kind, '{question.table}', q.old_key, q.detail FROM ({question.sql}) q""")
    target.execute("ANALYZE adoption.finding")
    return _summary(target)


def _summary(target: psycopg.Connection) -> list[dict[str, Any]]:
    rows = target.execute(f"""
        SELECT f.kind, f.table_name, f.number, ARRAY(
          SELECT jsonb_build_object('key', x.old_key) || x.detail FROM adoption.finding x
          WHERE x.kind = f.kind AND x.table_name = f.table_name ORDER BY x.old_key LIMIT {_EXAMPLES})
        FROM (SELECT kind, table_name, count(*) AS number FROM adoption.finding GROUP BY 1, 2) f ORDER BY 1, 2""")
    found = [{"kind": kind, "table": table, "count": count, "examples": examples}
             for kind, table, count, examples in rows]
    order = list(MEANINGS)
    return sorted(found, key=lambda each: (order.index(each["kind"]), each["table"]))


def _changes() -> list[_Question]:
    """Where the target will say something else than the source."""
    questions = [
        _one_kind("currency replaced", "stores", _changed("stores", "currency")),
        _one_kind("time zone replaced", "stores", _changed("stores", "timezone")),
        _one_kind("review's store replaced", "reviews", """
            SELECT r.old_key, jsonb_build_object('is', s.store_id, 'becomes', st.old_key) AS detail
            FROM ready_reviews r JOIN stage_reviews s ON s.ctid = r.place JOIN ready_stores st ON st.id = r.store_id
            WHERE s.store_id IS DISTINCT FROM st.old_key"""),
    ]
    for table in TABLES:
        questions += _cleared(table) + _defaulted(table)
    return questions


def _changed(table: str, column: str) -> str:
    return f"""SELECT r.old_key, jsonb_build_object('is', s.{column}, 'becomes', r.{column}) AS detail
               FROM ready_{table} r JOIN stage_{table} s ON s.ctid = r.place WHERE s.{column} <> r.{column}"""


def _pair(table: LegacyTable) -> str:
    return f"FROM ready_{table.name} r JOIN stage_{table.name} s ON s.ctid = r.place"


def _cleared(table: LegacyTable) -> list[_Question]:
    columns = [column for column in table.columns if column.parent and column.is_nullable]
    return [_one_kind("reference cleared", table.name, f"""
        SELECT r.old_key, jsonb_build_object('column', '{column.name}', 'is', s.{column.name}) AS detail {_pair(table)}
        WHERE s.{column.name} IS NOT NULL AND r.{column.name} IS NULL""") for column in columns]


def _defaulted(table: LegacyTable) -> list[_Question]:
    columns = [column for column in table.columns if column.default and not column.is_nullable]
    if not columns:
        return []
    values = ", ".join(f"""('{column.name}', s."{column.name}" IS NULL, r."{column.name}"::text)"""
                       for column in columns)
    return [_one_kind("default used", table.name, f"""
        SELECT r.old_key, jsonb_build_object('column', v.name, 'becomes', v.value) AS detail {_pair(table)}
        CROSS JOIN LATERAL (VALUES {values}) v (name, is_empty, value)
        WHERE ({' OR '.join(f's."{column.name}" IS NULL' for column in columns)}) AND v.is_empty""")]


def _money() -> list[_Question]:
    """Floats that are not what their minor units say; a cheap test by floats finds them, an exact one sorts them."""
    questions = []
    for table in TABLES:
        if not table.money:
            continue
        values = ", ".join(f"('{name}', r.{name})" for name in table.money)
        suspects = f"""
            SELECT r.old_key, v.name, v.value, st.currency, c.exponent,
                   round(v.value::numeric * power(10::numeric, c.exponent)) AS minor
            FROM ready_{table.name} r JOIN ready_stores st ON st.id = r.owner_id
            JOIN currency_choice c ON c.was = st.currency
            CROSS JOIN LATERAL (VALUES {values}) v (name, value)
            WHERE round(v.value * c.scale) / c.scale <> v.value"""
        is_changed = "value::numeric * power(10::numeric, exponent) <> minor"
        detail = """jsonb_build_object('column', name, 'is', value, 'currency', currency,
                                       'becomes', trim_scale(minor / power(10::numeric, exponent))::text)"""
        questions.append(_Question(table.name, f"""
            SELECT CASE WHEN {is_changed} THEN 'amount rounded' ELSE 'amount with noise' END AS kind, old_key,
                   {detail} AS detail FROM ({suspects}) m"""))
    return questions


def _oddities() -> list[_Question]:
    images = _Question("products", f"SELECT * FROM ({IMAGES}) i WHERE kind IS NOT NULL")
    return [images, *(_one_kind(each.kind, each.table, each.sql) for each in ODDITIES)]
