"""The models say exactly what the migrations made."""

from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from migrations.legacy_columns import LEGACY_COLUMNS, LEGACY_INDEXES
from oltp.db.session import Database
from oltp.metadata import metadata
from stormcom.schema import alembic_config, upgrade


def differences(url: str) -> list[Any]:
    """What the models say and the schema does not, or the other way round."""
    config, found = alembic_config(url), []

    def compare(_: object, context: MigrationContext) -> list[Any]:
        found.extend(compare_metadata(context, metadata))
        return []

    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=compare):
        script.run_env()
    return found


def test_a_fresh_schema_is_what_the_models_say(empty_database: str) -> None:
    upgrade(empty_database)
    # Raises with the list of operations when models and schema differ.
    command.check(alembic_config(empty_database))


def test_an_adopted_schema_is_what_the_models_say_and_the_lists_of_legacy(adopted_database: Database) -> None:
    assert differences(adopted_database.url) == []
    assert legacy_of(adopted_database.url) == (LEGACY_COLUMNS, LEGACY_INDEXES)


def test_a_fresh_schema_has_nothing_of_the_lists(database: Database) -> None:
    assert legacy_of(database.url) == (frozenset(), frozenset())


def legacy_of(url: str) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """What of the lists a schema has."""
    with psycopg.connect(url) as connection:
        columns = connection.execute("""SELECT table_name, column_name FROM information_schema.columns
                                        WHERE table_schema = 'public'""").fetchall()
        indexes = connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'").fetchall()
    return LEGACY_COLUMNS & set(columns), LEGACY_INDEXES & {name for (name,) in indexes}


def test_every_table_of_the_baseline_is_mapped() -> None:
    legacy = {"users", "accounts", "sessions", "verification_tokens", "organizations", "memberships", "stores",
              "products", "product_variants", "categories", "brands", "product_attributes",
              "product_attribute_values", "customers", "orders", "order_items", "reviews", "inventory_logs",
              "audit_logs"}
    assert legacy <= set(metadata.tables)
