"""Specifications agree with what they are about: Postgres, SQL files, metrics, and the portable subset of SQL."""

import re
from pathlib import Path

import pytest
import sqlglot
from sqlalchemy import text
from sqlglot import exp

from oltp.db.session import Database
from oltp.kit.metrics import METRICS
from warehouse.connection import Lake
from warehouse.lineage import column_lineage
from warehouse.metrics import BINDINGS
from warehouse.model import KEY_COLUMNS, Model
from warehouse.models import MODELS
from warehouse.runner import SQL_ROOT, narrowed, parsed
from warehouse.tables import RAW_TABLES
from warehouse.touching import RULES

FILES = sorted(SQL_ROOT.glob("*/*.sql"))
_PERSONAL = """email phone first_name last_name shipping_address billing_address customer_id visitor_id contact_hash
payload properties page_path session_ref ip_address subject_id"""
PERSONAL = set(_PERSONAL.split())


def test_raw_columns_exist_in_postgres(database: Database) -> None:
    with database.pipelines_session() as session:
        rows = session.execute(
            text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        ).all()
        known = {(row[0], row[1]) for row in rows}
        for name, table in RAW_TABLES.items():
            tree = sqlglot.parse_one((SQL_ROOT / "raw" / f"{name}.sql").read_text(), read="postgres")
            tables = {each.alias: each.name for each in tree.find_all(exp.Table)}
            read = {(tables[each.table], each.name) for each in tree.find_all(exp.Column)}
            assert tables["t"] == table.source_table
            assert read <= known, name
            assert tuple(each.alias_or_name for each in tree.selects) == table.names
            session.execute(text(f"SELECT * FROM ({tree.sql('postgres')}) AS q LIMIT 0"))


def test_no_personal_column_is_read() -> None:
    for name in RAW_TABLES:
        tree = sqlglot.parse_one((SQL_ROOT / "raw" / f"{name}.sql").read_text(), read="postgres")
        assert not {each.alias_or_name for each in tree.selects} & PERSONAL


def test_marts_have_the_published_columns(database: Database) -> None:
    with database.pipelines_session() as session:
        for model in MODELS.values():
            if model.schema == "marts":
                rows = session.execute(
                    text("SELECT column_name FROM information_schema.columns WHERE table_name = :name"),
                    {"name": model.name},
                )
                assert {row[0] for row in rows} == {*model.names, "horizon", "published_at"}, model.name


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_models_are_what_their_files_say(model: Model) -> None:
    assert tuple(each.alias_or_name for each in parsed(model.schema, model.name).selects) == model.names
    narrowed(model.schema, model.name, model.narrow)
    lineage = column_lineage(model.full_name)
    upstream = {table for sources in lineage.values() for table, _ in sources if not table.startswith("meta.")}
    assert upstream <= set(model.depends_on)
    assert {*model.key, *model.rebuild_key} <= set(model.names)
    emitted = {kind for each in MODELS.values() for kind in each.emits} | {k for r in RULES.values() for k, _ in r}
    assert set(model.touched_kinds) <= emitted | {"clock"}, "nobody would ever rebuild it"
    assert set(KEY_COLUMNS[model.touched_kinds[0]]) | {"store_id"} == set(model.rebuild_key)


def test_lineage_follows_a_sum_through_its_steps() -> None:
    assert column_lineage("marts.daily_store_metrics")["net_sales_amount"] == (
        ("staging.movements", "sales_amount"),
        ("staging.orders", "discounts_amount"),
        ("staging.orders", "gross_amount"),
    )


def test_an_unknown_alias_is_refused() -> None:
    with pytest.raises(ValueError, match="no source with the alias zz"):
        narrowed("staging", "orders", {"zz": "TRUE"})


@pytest.mark.parametrize("file", [each for each in FILES if each.parent.name != "raw"], ids=lambda each: each.stem)
def test_portable_subset(file: Path) -> None:
    """One SELECT; no QUALIFY, ASOF, lists, floats of money or unnamed null order."""
    trees = sqlglot.parse(file.read_text(), read="duckdb")
    assert len(trees) == 1
    tree = trees[0]
    assert isinstance(tree, exp.Query)
    for kind in (exp.Qualify, exp.Array, exp.List, exp.Struct, exp.Lambda, exp.Pivot, exp.Unnest):
        assert tree.find(kind) is None, kind.__name__
    assert not re.search(r"\b(ASOF|LATERAL|USING SAMPLE|FLOAT|REAL)\b", file.read_text())
    for ordered in tree.find_all(exp.Ordered):
        assert re.search(r"NULLS (FIRST|LAST)", ordered.sql(dialect="postgres")) or "nulls_first" in ordered.args
    for column in tree.find_all(exp.Column):
        assert column.table, f"{column.name} does not say which source it is of"
    doubles = [each for each in tree.find_all(exp.DataType) if each.this == exp.DataType.Type.DOUBLE]
    assert not doubles or file.stem == "product_recommendation"


def test_every_metric_is_bound() -> None:
    assert set(BINDINGS) == set(METRICS)


def test_bound_metrics_can_be_asked(lake: Lake) -> None:
    for binding in BINDINGS.values():
        columns = ", ".join(part for part in (binding.numerator, binding.denominator) if part)
        lake.query(f"SELECT {columns} FROM {binding.model.full_name}")
    assert BINDINGS["average_order_value"].numerator == (
        "COALESCE(SUM(gross_sales_amount), 0) - COALESCE(SUM(discounts_amount), 0)"
    )
