"""Fixtures: a small demo shop, made once and cloned, so that each test runs the real river over real tables."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from stormcom.demo.run import load_demo
from tests.conftest import create_database, drop_database

SCALE = 0.02


@pytest.fixture(scope="session")
def demo_template(server_url: str, template: str) -> Iterator[str]:
    """Name of a database that holds the demo shops at a fiftieth of their size."""
    name = f"stormcom_demo_{os.getpid()}"
    database = Database(create_database(server_url, name, template))
    load_demo(database, clock=SystemClock(), scale=SCALE)
    database.dispose()
    yield name
    drop_database(server_url, name)


@pytest.fixture
def shop(server_url: str, demo_template: str) -> Iterator[Database]:
    """A database of the test's own with three demo shops in it."""
    name = f"stormcom_shop_{uuid4().hex[:12]}"
    database = Database(create_database(server_url, name, demo_template))
    yield database
    database.dispose()
    drop_database(server_url, name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of the test's own, an encoder that needs no model, and one thread: a small shop is slower with more."""
    return small_settings(tmp_path / "home")


def small_settings(home: Path) -> Settings:
    """Settings for a small shop whose lake is in `home`."""
    return Settings(home=home, encoder="hash", lake_threads=1)


@pytest.fixture(autouse=True)
def no_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into a Dagster instance that happens to be configured."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
