"""A legacy shop, made once and cloned for each test that writes to it; targets are empty databases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.adopt.run import Adopted, adopt
from stormcom.adopt.source import Source
from stormcom.schema import upgrade
from tests.conftest import NOON, create_database, drop_database, with_database
from tests.stormcom.adopt.legacy_shop import SIZE, make_legacy_shop

SMALL = (200, 400, 200)
Make = Callable[[tuple[int, int, int]], str]


@dataclass
class Adoption:
    """A source and a target, and how one becomes the other."""

    source: str
    target: Database

    def repeat(self, **options: Any) -> Adopted:
        """Adopt once more."""
        return adopt(self.target, Source(self.source), clock=FixedClock(NOON), **options)

    def legacy(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in the source."""
        return _run(self.source, statement)

    def new(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in the target."""
        return _run(self.target.url, statement)


def _run(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _pair(server_url: str, legacy: str, baseline: str) -> Iterator[Adoption]:
    """A source and a target of one's own, cloned from two databases."""
    source, target = f"stormcom_legacy_{uuid4().hex[:12]}", f"stormcom_adopting_{uuid4().hex[:12]}"
    pair = Adoption(
        create_database(server_url, source, legacy), Database(create_database(server_url, target, baseline)))
    try:
        yield pair
    finally:
        pair.target.dispose()
        drop_database(server_url, source)
        drop_database(server_url, target)


@pytest.fixture(scope="session")
def legacy_template(server_url: str) -> Iterator[Make]:
    """Make (once per size) a legacy shop and name its database, to clone from."""
    made: dict[tuple[int, int, int], str] = {}

    def make(size: tuple[int, int, int]) -> str:
        if size not in made:
            made[size] = f"stormcom_shop_{uuid4().hex[:12]}"
            make_legacy_shop(create_database(server_url, made[size]), size=size)
        return made[size]

    yield make
    for name in made.values():
        drop_database(server_url, name)


@pytest.fixture(scope="session")
def baseline_template(server_url: str) -> Iterator[str]:
    """Name of a database at revision 0001, to clone from."""
    name = f"stormcom_baseline_{uuid4().hex[:12]}"
    upgrade(create_database(server_url, name), "0001")
    yield name
    drop_database(server_url, name)


@pytest.fixture
def shop(server_url: str, legacy_template: Make, baseline_template: str) -> Iterator[Adoption]:
    """A small legacy shop, and a target without a row."""
    with _pair(server_url, legacy_template(SMALL), baseline_template) as pair:
        yield pair


@pytest.fixture(scope="session")
def adopted_target(server_url: str, legacy_template: Make) -> Iterator[str]:
    """Name of a target that adopted the small shop, to clone from; made of an empty database."""
    name = f"stormcom_adopted_once_{uuid4().hex[:12]}"
    target = Database(create_database(server_url, name))
    Adoption(with_database(server_url, legacy_template(SMALL)), target).repeat()
    target.dispose()
    yield name
    drop_database(server_url, name)


@pytest.fixture
def adopted_shop(server_url: str, legacy_template: Make, adopted_target: str) -> Iterator[Adoption]:
    """The small legacy shop, adopted once."""
    with _pair(server_url, legacy_template(SMALL), adopted_target) as pair:
        yield pair


@pytest.fixture(scope="module")
def adopted(server_url: str, legacy_template: Make, baseline_template: str) -> Iterator[Adoption]:
    """A legacy shop of the stated size, adopted once; for tests that only read."""
    with _pair(server_url, legacy_template(SIZE), baseline_template) as pair:
        pair.repeat()
        yield pair


@pytest.fixture
def other_database(server_url: str) -> Iterator[str]:
    """URL of one more empty database."""
    name = f"stormcom_other_{uuid4().hex[:12]}"
    yield create_database(server_url, name)
    drop_database(server_url, name)

