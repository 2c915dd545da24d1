"""Which statements a piece of work sends to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from oltp.db.session import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that the application sends meanwhile."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        # The recorder of timings writes from its own thread, whenever it likes.
        if "request_timing" not in statement:
            sent.append(statement)

    event.listen(database.app, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.app, "before_cursor_execute", note)
