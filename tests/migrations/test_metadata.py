"""The models say exactly what the migrations made."""

from alembic import command

from oltp.metadata import metadata
from stormcom.schema import alembic_config, upgrade


def test_alembic_check_is_empty(empty_database: str) -> None:
    upgrade(empty_database)
    # Raises with the list of operations when models and schema differ.
    command.check(alembic_config(empty_database))


def test_every_table_of_the_baseline_is_mapped() -> None:
    legacy = {"users", "accounts", "sessions", "verification_tokens", "organizations", "memberships", "stores",
              "products", "product_variants", "categories", "brands", "product_attributes",
              "product_attribute_values", "customers", "orders", "order_items", "reviews", "inventory_logs",
              "audit_logs"}
    assert legacy <= set(metadata.tables)
