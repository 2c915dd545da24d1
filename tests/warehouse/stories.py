"""Stories told together: each in a store of its own, all in one lake, and the river flows for all of them at once.

A story writes, waits and looks. What costs is the wait: a pass and a refresh of every model take seconds, however
little they carry. So a story is a generator that waits with `yield`, and one flow serves all stories that have come to
a `yield`. Stories also prove for each other that what happens in one store changes nothing in another.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from oltp.db.session import Database
from tests.conftest import create_store
from tests.warehouse.flowing import assert_equals_full_rebuild, flow
from tests.warehouse.shop import Shop
from warehouse.connection import Lake


@dataclass(frozen=True)
class Scene:
    """Where a story plays: a shop to write into, and what the lake says of it."""

    shop: Shop
    lake: Lake

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query that names the story's own store as `$store`."""
        return self.lake.query(query, {"store": self.shop.store_id})

    def day(self, store_day: str, *columns: str) -> tuple[int, ...]:
        """The named columns of one store-day; zeros if the mart has no such day."""
        rows = self.rows(
            f"SELECT {', '.join(columns)} FROM marts.daily_store_metrics "
            f"WHERE store_id = $store AND store_day = DATE '{store_day}'"
        )
        assert len(rows) <= 1
        return tuple(rows[0]) if rows else (0,) * len(columns)


Story = Callable[[Scene], Iterator[None]]


class Stories:
    """The stories of a file. Put `@stories.tell` before each; the test of a story is `stories.ending(name)`."""

    def __init__(self) -> None:
        self.told: dict[str, Story] = {}
        self._failures: dict[str, Exception] = {}

    def tell(self, story: Story) -> Story:
        """Add a story."""
        self.told[story.__name__] = story
        return story

    def play(self, database: Database, lake: Lake) -> None:
        """Play all stories side by side; what fails is kept for the story's own test.

        After each flow every model equals what a full rebuild would give.
        """
        playing = {
            name: story(Scene(Shop(database, create_store(database, slug=name.replace("_", "-"))), lake))
            for name, story in self.told.items()
        }
        while playing := {name: steps for name, steps in playing.items() if self._goes_on(name, steps)}:
            flow(lake)
            assert_equals_full_rebuild(lake)

    def ending(self, name: str) -> None:
        """Raise what the story failed with, if it did."""
        if name in self._failures:
            raise self._failures[name]

    def _goes_on(self, name: str, steps: Iterator[None]) -> bool:
        try:
            next(steps)
        except StopIteration:
            return False
        except Exception as failure:  # AssertionError above all; the other stories go on
            self._failures[name] = failure
            return False
        return True
