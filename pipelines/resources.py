"""Resources: what every step of a run needs, built in one place from the settings.

A plain object behind a resource, not a configurable one: Dagster shows the configuration of those in its UI, and a
database URL may hold a password.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

import oltp.metadata  # noqa: F401 - a row can be flushed only where every table its keys name is known
from oltp.db.session import Database
from oltp.kit.clock import Clock, SystemClock
from oltp.kit.errors import Unavailable
from oltp.kit.settings import Settings
from warehouse.connection import Lake

RIVER = "river"


class NoDatabase(Unavailable):
    """No database is named. Set STORMCOM_DATABASE_URL, or start everything with `stormcom up`."""


@dataclass(frozen=True)
class Verdict:
    """What a check found, and the lake's snapshots just before and just after it looked."""

    before: int
    after: int
    offender_count: int


class River:
    """The shop's database and the lake, for the steps of one run. Not thread-safe; both open when first used.

    `verdicts` holds what the checks of this run said, so that the gate before publishing need not ask again.
    """

    def __init__(self, settings: Settings, database_url: str | None, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.verdicts: dict[str, Verdict] = {}
        self._url = database_url
        self._database: Database | None = None
        self._lake: Lake | None = None

    @property
    def database(self) -> Database:
        """The shop's database; NoDatabase if none is named."""
        if self._url is None:
            raise NoDatabase
        if self._database is None:
            self._database = Database(self._url, pool_size=2)
        return self._database

    @property
    def lake(self) -> Lake:
        """The lake, with the shop attached; LakeUnavailable if Postgres is away."""
        if self._lake is None:
            self._lake = Lake.open(
                self.database.url, data_path=self.settings.lake_path, threads=self.settings.lake_threads
            )
        return self._lake

    @property
    def lineage_path(self) -> Path:
        """Where column lineage is remembered."""
        return self.settings.home_path / "lake" / "lineage"

    def reopen(self) -> None:
        """Forget connections that may be broken; the next use opens new ones."""
        self.close()

    def close(self) -> None:
        """Close whatever is open."""
        lake, database = self._lake, self._database
        self._lake = self._database = None
        if lake is not None:
            lake.close()
        if database is not None:
            database.dispose()


def river_resource(open_river: Callable[[], River]) -> dg.ResourceDefinition:
    """The resource `river`: opened once per run (steps run in one process), closed at its end."""

    @dg.resource(description="The shop's Postgres and the lake, as the pipelines role.")
    def river(_context: dg.InitResourceContext) -> Iterator[Any]:
        opened = open_river()
        try:
            yield opened
        finally:
            opened.close()

    return river
