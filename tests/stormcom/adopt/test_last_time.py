"""--final: nobody's acknowledged write is lost, and a last time that fails leaves the source as it was."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from stormcom.adopt.errors import AdoptionIsFinal, OutcomeUnknown, PreparedTransactions, SourceLeftClosed, WritersRemain
from stormcom.adopt.keys import adopted_id
from stormcom.adopt.ledger import find_last_run
from stormcom.adopt.run import _Job
from tests.stormcom.adopt.conftest import Adoption

WRITE = """INSERT INTO "Customer" (id, "storeId", email, "firstName", "lastName", "updatedAt")
           SELECT %s, id, %s, 'F', 'L', now() FROM "Store" WHERE slug = 'shop-1'"""


@dataclass
class Writer:
    """A program of the legacy shop, with a connection that it keeps: writes until it is refused."""

    url: str
    name: str
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection: psycopg.Connection | None = None
        number = 0
        while not self.stopped.is_set() and len(self.refused) < 3:
            number += 1
            key = f"c{self.name}{number}"
            try:
                connection = connection or psycopg.connect(self.url)
                connection.execute(WRITE, (key, f"{key}@example.test"))
                connection.commit()
                self.acknowledged.append(key)
            except psycopg.Error as error:
                self.refused.append(type(error).__name__)
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()


@contextmanager
def _writing(url: str, *, count: int = 3) -> Iterator[list[Writer]]:
    writers = [Writer(url, f"w{number}x") for number in range(count)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stopped.set()
        for thread in threads:
            thread.join(30)


def _await(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(6_000):
        if happened():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen within a minute")


def _is_writable(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW transaction_read_only").fetchone()
    return row == ("off",)


def test_no_acknowledged_write_is_lost(adopted_shop: Adoption) -> None:
    with _writing(adopted_shop.source) as writers:
        _await(lambda: min(len(writer.acknowledged) for writer in writers) >= 5)
        done = adopted_shop.repeat(is_final=True)
        written = [key for writer in writers for key in writer.acknowledged]
        _await(lambda: all(len(writer.refused) >= 3 for writer in writers))
    assert [key for writer in writers for key in writer.acknowledged] == written
    there = {row[0] for row in adopted_shop.new("SELECT id FROM customers")}
    assert {adopted_id("customers", key) for key in written} <= there
    # The first refusal ended a session, or met a session that was read-only already.
    assert {writer.refused[-1] for writer in writers} == {"ReadOnlySqlTransaction"}
    assert not _is_writable(adopted_shop.source)
    assert done.run.is_final and done.run.read_only_seconds is not None and done.run.read_only_seconds > 0
    with psycopg.connect(adopted_shop.target.url) as connection:
        last = find_last_run(connection)
    assert last is not None and last.report["findings"] and last.read_only_seconds == done.run.read_only_seconds
    with pytest.raises(AdoptionIsFinal, match="stormcom db upgrade"):
        adopted_shop.repeat()


def test_an_open_transaction_may_end_first(adopted_shop: Adoption) -> None:
    with psycopg.connect(adopted_shop.source) as slow:
        slow.execute(WRITE, ("cslow", "slow@example.test"))
        timer = threading.Timer(0.3, slow.commit)
        timer.start()
        adopted_shop.repeat(is_final=True)
        timer.join()
    assert adopted_shop.new("SELECT count(*) FROM customers WHERE email = 'slow@example.test'") == [(1,)]


def test_a_transaction_that_does_not_end_is_ended(adopted_shop: Adoption) -> None:
    with closing(psycopg.connect(adopted_shop.source)) as stuck:
        stuck.execute(WRITE, ("cstuck", "stuck@example.test"))
        adopted_shop.repeat(is_final=True, patience=0.2)
        with pytest.raises(psycopg.OperationalError):
            stuck.commit()
    assert adopted_shop.new("SELECT count(*) FROM customers WHERE email = 'stuck@example.test'") == [(0,)]


@pytest.mark.parametrize("setting", [None, "on"])
def test_a_last_time_that_fails_opens_the_source_again(adopted_shop: Adoption, setting: str | None) -> None:
    if setting:
        # As a last time that was killed leaves it.
        with psycopg.connect(adopted_shop.source, autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = {setting}")

    def die(table: str, done: int, total: int) -> None:
        if table == "reviews":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopted_shop.repeat(is_final=True, progress=die)
    assert _is_writable(adopted_shop.source) == (setting is None)
    assert adopted_shop.repeat().is_source_closed == (setting is not None)
    assert adopted_shop.repeat(is_final=True).run.is_final


def test_a_lost_answer_is_looked_up(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks after the commit: the target is complete, so the source must stay closed."""
    copy = _Job._copy

    def lose(job, *arguments, **options):
        copy(job, *arguments, **options)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(_Job, "_copy", lose)
    with pytest.raises(psycopg.OperationalError):
        adopted_shop.repeat(is_final=True)
    assert not _is_writable(adopted_shop.source)


def test_an_unknown_outcome_keeps_the_source_closed(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(job, *arguments, **options):
        job.database.url = "postgresql://nobody@/nothing?host=/nowhere"
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(_Job, "_copy", lose)
    with pytest.raises(OutcomeUnknown, match="stormcom adopt report"):
        adopted_shop.repeat(is_final=True)
    assert not _is_writable(adopted_shop.source)


def test_a_source_that_is_lost_too_is_named(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(job, *arguments, **options):
        job.source._url = "postgresql://nobody@/nothing?host=/nowhere"
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(_Job, "_copy", lose)
    with pytest.raises(SourceLeftClosed, match=r"the disk is full.*RESET default_transaction_read_only"):
        adopted_shop.repeat(is_final=True)
    assert not _is_writable(adopted_shop.source)


def test_prepared_transactions_are_refused(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormcom.adopt.closing._refuse_prepared", _pretend_prepared)
    with pytest.raises(PreparedTransactions, match="2 prepared transactions"):
        adopted_shop.repeat(is_final=True)
    assert _is_writable(adopted_shop.source)


def _pretend_prepared(connection, source):
    # The test server has max_prepared_transactions = 0.
    raise PreparedTransactions(database=source.name, count=2)


def test_a_table_that_stays_locked_is_named(adopted_shop: Adoption, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that may not be ended (here: one that is taken for our own) holds a table."""
    with psycopg.connect(adopted_shop.source, application_name="stormcom adopt") as holder:
        holder.execute('LOCK TABLE "Order" IN ROW EXCLUSIVE MODE')
        with pytest.raises(WritersRemain, match=r"stayed locked.*It is writable"):
            adopted_shop.repeat(is_final=True, patience=0.3)
    assert _is_writable(adopted_shop.source)
