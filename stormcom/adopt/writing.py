"""Writing: the baseline's rows are brought to what was sorted. Rows that are right already are not touched."""

from dataclasses import dataclass

import psycopg

from stormcom.adopt.tables import LegacyTable


@dataclass(frozen=True)
class Difference:
    """What a table needs: rows to insert, to update, to leave alone, to delete."""

    inserted: int
    updated: int
    unchanged: int
    deleted: int


def compare(target: psycopg.Connection, table: LegacyTable) -> Difference:
    """Make `diff_<table>` (rows to write) and `gone_<table>` (rows to delete), and count them."""
    name, key = table.name, table.key
    old = "k.new_id" if key == "id" else "k.old_key"
    mine, theirs = (", ".join(f'{side}."{column}"' for column in table.names) for side in ("t", "r"))
    target.execute(f"""
        CREATE TEMP TABLE diff_{name} AS
          SELECT r.old_key, t.{key} IS NULL AS is_new FROM ready_{name} r LEFT JOIN public.{name} t ON t.{key} = r.{key}
          WHERE t.{key} IS NULL OR ({mine}) IS DISTINCT FROM ({theirs});
        CREATE TEMP TABLE gone_{name} AS
          SELECT k.old_key, t.{key} AS key FROM public.{name} t
          JOIN adoption.adopted_key k ON k.table_name = '{name}' AND {old} = t.{key}
          WHERE NOT EXISTS (SELECT FROM ready_{name} r WHERE r.{key} = t.{key});
        ANALYZE diff_{name}""")
    row = target.execute(f"""
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new),
               (SELECT count(*) FROM ready_{name}) - count(*), (SELECT count(*) FROM gone_{name})
        FROM diff_{name}""").fetchone()
    assert row is not None
    return Difference(*row)


def clear_the_way(target: psycopg.Connection, table: LegacyTable) -> None:
    """Give unique values free that other rows may take now: of rows that go, and of rows whose value changes."""
    name, key = table.name, table.key
    if table.deletes_first:
        target.execute(f"DELETE FROM public.{name} t USING gone_{name} g WHERE t.{key} = g.key")
    for columns in table.unique:
        column = table.column(columns[-1])
        if key != "id" or (column.sql_type == "uuid" and not column.is_nullable):
            continue
        free = "NULL" if column.parent else "'~' || t.id"
        changed = " OR ".join(f't."{each}" IS DISTINCT FROM r."{each}"' for each in columns)
        target.execute(f"""
            UPDATE public.{name} t SET "{column.name}" = {free} WHERE t.id IN (SELECT key FROM gone_{name});
            UPDATE public.{name} t SET "{column.name}" = {free} FROM ready_{name} r, diff_{name} d
              WHERE d.old_key = r.old_key AND NOT d.is_new AND r.id = t.id AND ({changed})""")


def write(target: psycopg.Connection, table: LegacyTable) -> None:
    """Insert and update what differs; parents must have been written before."""
    columns = ", ".join(f'"{column}"' for column in table.names)
    values = ", ".join(f'r."{column}"' for column in table.names)
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in table.names if column != table.key)
    target.execute(f"""
        INSERT INTO public.{table.name} ({columns}) SELECT {values} FROM ready_{table.name} r
          JOIN diff_{table.name} d USING (old_key) ON CONFLICT ({table.key}) DO UPDATE SET {changes}""")


def delete(target: psycopg.Connection, table: LegacyTable, *, run: int) -> None:
    """Delete what is no longer in the source, or can no longer be held; children must have been deleted before."""
    name = table.name
    target.execute(f"""
        DELETE FROM public.{name} t USING gone_{name} g WHERE t.{table.key} = g.key;
        UPDATE adoption.adopted_key k SET gone_run = {run} FROM gone_{name} g
          WHERE k.table_name = '{name}' AND k.old_key = g.old_key;
        UPDATE adoption.adopted_key k SET gone_run = NULL FROM diff_{name} d
          WHERE k.table_name = '{name}' AND k.old_key = d.old_key AND k.gone_run IS NOT NULL""")
