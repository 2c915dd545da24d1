"""A real year of a real shop, imported and materialised once for the tests that ask about it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.importers.online_retail.run import run_import
from tests.conftest import create_database, drop_database
from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.refresh import refresh_all

DEFAULT_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def retail_file() -> Path:
    """Path of the Online Retail file; skips the test where it is absent."""
    file = Path(os.environ.get("STORMCOM_TEST_DATA", DEFAULT_DATA)) / "online_retail.parquet"
    if not file.exists():
        pytest.skip(f"the Online Retail data set is not at {file} (set STORMCOM_TEST_DATA)")
    return file


@dataclass(frozen=True)
class Shop:
    """The imported shop: its database, its lake and its id."""

    database: Database
    lake: Lake
    store_id: UUID
    file: Path


@pytest.fixture(scope="module")
def shop(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The whole file, imported as `retail` and materialised in the lake."""
    file = retail_file()
    name = f"stormcom_retail_{uuid4().hex[:12]}"
    database = Database(create_database(server_url, name, template))
    try:
        report = run_import(database, file=file, store_slug="retail", clock=SystemClock())
        with Lake.open(database.url, data_path=tmp_path_factory.mktemp("lake")) as lake:
            extract(lake)
            refresh_all(lake)
            yield Shop(database, lake, report.store_id, file)
    finally:
        database.dispose()
        drop_database(server_url, name)
