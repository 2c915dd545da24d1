"""Fixtures: a lake beside the test's database, and a shop to write into."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.lakes import KeptLake
from tests.warehouse.shop import Shop
from tests.warehouse.stories import Stories
from warehouse.connection import Lake


@pytest.fixture
def lake(empty_lake: KeptLake, database: Database, lake_dir: Path) -> Iterator[Lake]:
    """An empty lake."""
    with empty_lake.copied(database.url, lake_dir) as lake:
        yield lake


@pytest.fixture
def shop(database: Database, store: UUID) -> Shop:
    """The store `demo`: USD, America/New_York."""
    return Shop(database, store)


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest,
    server_url: str,
    template: str,
    empty_lake: KeptLake,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stories:
    """The stories of the module, played to their end."""
    stories: Stories = request.module.stories
    with (
        cloned_database(server_url, template) as database,
        empty_lake.copied(database.url, tmp_path_factory.mktemp("stories") / "lake") as lake,
    ):
        stories.play(database, lake)
    return stories
