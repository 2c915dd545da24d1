"""Fixtures of the importers' tests."""

from pathlib import Path

import pytest

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from tests.stormcom.importers.gift_shop import Importer


@pytest.fixture
def shop(database: Database, clock: FixedClock, tmp_path: Path) -> Importer:
    """Imports lines into the store `gifts`."""
    return Importer(database, clock, tmp_path)
