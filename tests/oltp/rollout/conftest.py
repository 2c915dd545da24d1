"""The rollout starts from an adopted database."""

from tests.migrations.conftest import adopted_database, adopted_template

__all__ = ["adopted_database", "adopted_template"]
