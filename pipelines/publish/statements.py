"""The statements that publish one mart, derived from its model: keys, columns, and the parents a row must have."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString

from psycopg import sql

from warehouse.models import MODELS

# A row whose store or product was deleted meanwhile has nobody to show it to, and its foreign key would fail.
_PARENTS = {
    "product_recommendation": ("product_id", "recommended_product_id"),
    "product_sales_window": ("product_id",),
}
# Rows of the table that the lake owns; vectors answer for the kind `similar`.
_SCOPES: dict[str, LiteralString] = {"product_recommendation": "t.kind IN ('bought_together', 'bestsellers')"}


@dataclass(frozen=True)
class Target:
    """A published table. `key` identifies a row (its columns may be empty), `rebuild_key` what is replaced whole."""

    mart: str
    key: tuple[str, ...]
    rebuild_key: tuple[str, ...]
    columns: tuple[str, ...]

    @cached_property
    def table(self) -> sql.Composable:
        return sql.Identifier("public", self.mart)

    @property
    def scope(self) -> LiteralString:
        """Condition on the published table `t`: which of its rows are the lake's."""
        return _SCOPES.get(self.mart, "true")

    def temporary(self, name: str, columns: Iterable[str]) -> sql.Composed:
        """A temporary table with some of the columns, gone at the end of the transaction."""
        return sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            sql.Identifier(name), _listed(columns), self.table)

    def drop_orphans(self) -> list[sql.Composed]:
        """Take out of `incoming` what has lost its store or product."""
        found = [sql.SQL("DELETE FROM pg_temp.incoming i WHERE NOT EXISTS "
                         "(SELECT FROM stores s WHERE s.id = i.store_id)").format()]
        for column in _PARENTS.get(self.mart, ()):
            found.append(sql.SQL(
                "DELETE FROM pg_temp.incoming i WHERE i.{0} IS NOT NULL AND NOT EXISTS "
                "(SELECT FROM products p WHERE p.store_id = i.store_id AND p.id = i.{0})").format(
                    sql.Identifier(column)))
        return found

    def delete_changed(self, *, is_full: bool) -> sql.Composed:
        """Delete rows of the touched keys (full: of all) that are not in `incoming` with the same content."""
        touched = sql.SQL("true") if is_full else sql.SQL("EXISTS (SELECT FROM pg_temp.touched k WHERE {})").format(
            _equal("k", self.rebuild_key))
        rest = [column for column in self.columns if column not in self.key]
        same = sql.SQL("({}) IS NOT DISTINCT FROM ({})").format(_listed(rest, "i"), _listed(rest, "t"))
        return sql.SQL("DELETE FROM {} t WHERE {} AND {} AND NOT EXISTS "
                       "(SELECT FROM pg_temp.incoming i WHERE {} AND {})").format(
                           self.table, sql.SQL(self.scope), touched, _equal("i", self.key), same)

    def insert_missing(self) -> sql.Composed:
        """Insert what `incoming` has and the table has not; %(horizon)s dates the rows."""
        return sql.SQL("INSERT INTO {} ({}, horizon) SELECT {}, %(horizon)s FROM pg_temp.incoming i WHERE NOT EXISTS "
                       "(SELECT FROM {} t WHERE {})").format(
                           self.table, _listed(self.columns), _listed(self.columns, "i"), self.table,
                           _equal("i", self.key))

    def upsert_publication(self) -> sql.Composed:
        """One row per store, stores without any row of the mart too: they are complete as well."""
        return sql.SQL("""
            INSERT INTO publication AS p (store_id, mart, horizon, taken_at, lake_snapshot_id, row_count)
            SELECT s.id, %(mart)s, %(horizon)s, %(taken_at)s, %(snapshot)s, coalesce(c.row_count, 0) FROM stores s
            LEFT JOIN (SELECT t.store_id, count(*) AS row_count FROM {} t WHERE {} GROUP BY t.store_id) c
              ON c.store_id = s.id
            ON CONFLICT (store_id, mart) DO UPDATE SET horizon = excluded.horizon, taken_at = excluded.taken_at,
              lake_snapshot_id = excluded.lake_snapshot_id, row_count = excluded.row_count, published_at = now()
            """).format(self.table, sql.SQL(self.scope))


def target_of(mart: str) -> Target:
    """The published table of a mart; KeyError if there is no such mart."""
    model = MODELS[f"marts.{mart}"]
    return Target(mart, model.key, model.rebuild_key, model.names)


def _listed(columns: Iterable[str], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, column) if alias else sql.Identifier(column)
                              for column in columns)


def _equal(alias: str, columns: Iterable[str]) -> sql.Composed:
    """Equality with the published row, empty being equal to empty; COALESCE keeps it hashable where it can be."""
    return sql.SQL(" AND ").join(
        sql.SQL("coalesce({}::text, '') = coalesce({}::text, '')").format(
            sql.Identifier(alias, column), sql.Identifier("t", column)) if column == "product_id"
        else sql.SQL("{} = {}").format(sql.Identifier(alias, column), sql.Identifier("t", column))
        for column in columns)
