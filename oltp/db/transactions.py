"""Transactions: several short ones in a row, for operations that talk to the outside in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.db.session import Database


class Transactions:
    """Opens transactions as the app within one store, one at a time; `is_open` says whether one is open right now.

    Nothing may wait for the outside while one is: its locks would keep every other customer waiting.
    """

    def __init__(self, database: Database, store_id: UUID) -> None:
        self._database = database
        self.store_id = store_id
        self.is_open = False

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        """Open one; it is committed at the end of the block, rolled back on any error."""
        if self.is_open:
            raise RuntimeError("A transaction is open already; two would wait for each other's locks.")
        self.is_open = True
        try:
            with self._database.session_for(self.store_id) as session:
                yield session
        finally:
            self.is_open = False
