"""The mirror of the queue: each job's state, its tries and its error, and the ids of the request it comes from."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Row, text

from oltp.db.session import Database
from oltp.jobs.actions import enqueue
from oltp.jobs.mirror import KEPT, begin_job, end_job, purge_descriptors
from oltp.jobs.task import Task, Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.kit.trace import Trace, bind_trace
from tests.oltp.jobs.test_queue import _work_off

TRACE = Trace("request-1", new_id())


def descriptors(database: Database) -> list[Row]:
    with database.worker_session() as session:
        return list(session.execute(text("SELECT * FROM job_descriptor ORDER BY job_id")))


def test_a_job_that_succeeds_is_remembered_with_its_ids(
    database: Database, store: UUID, clock: FixedClock
) -> None:
    with bind_trace(TRACE), database.session_for(store) as session:
        enqueue(session, task="good", store_id=store, number=1)
    _work_off(database, clock, Task("good", lambda work, **_: None))
    (row,) = descriptors(database)
    assert (row.task, row.status, row.attempt_count, row.error) == ("good", "succeeded", 1, None)
    assert (row.store_id, row.request_id, row.correlation_id) == (store, "request-1", TRACE.correlation_id)
    assert row.arguments == {"store_id": str(store), "number": 1}
    assert row.started_at <= row.finished_at


@pytest.mark.parametrize(("attempts", "status"), [(0, "failed"), (5, "queued")])
def test_a_job_that_fails_says_why_and_whether_it_is_tried_again(
    database: Database, store: UUID, clock: FixedClock, attempts: int, status: str
) -> None:
    def fail(work: Work, **_: object) -> None:
        raise ValueError("the reason")

    with database.session_for(store) as session:
        enqueue(session, task="bad", store_id=store)
    _work_off(database, clock, Task("bad", fail, attempts=attempts))
    (row,) = descriptors(database)
    assert (row.status, row.error) == (status, "ValueError: the reason")
    assert (row.finished_at is None) == (status == "queued")


def begin(database: Database, attempt: int, store_id: UUID) -> None:
    begin_job(database, job_id=7, task="again", queue="default", attempt=attempt, scheduled_at=None, trace=TRACE,
              arguments={"store_id": str(store_id)})


def test_another_try_begins_afresh(database: Database, store: UUID) -> None:
    begin(database, 1, store)
    end_job(database, job_id=7, error=ValueError("x" * 1000), is_last=True)
    begin(database, 2, store)
    (row,) = descriptors(database)
    assert (row.status, row.attempt_count, row.error, row.finished_at) == ("running", 2, None, None)


def test_a_job_of_an_erased_store_is_mirrored_without_it(database: Database) -> None:
    begin(database, 1, new_id())
    assert descriptors(database)[0].store_id is None


def test_what_ended_long_ago_is_purged_and_what_runs_is_not(
    database: Database, store: UUID, clock: FixedClock
) -> None:
    begin(database, 1, store)
    clock.advance(KEPT + timedelta(days=400))
    purge_descriptors(Work(database, clock, {}))
    assert len(descriptors(database)) == 1
    end_job(database, job_id=7, error=None, is_last=True)
    purge_descriptors(Work(database, clock, {}))
    assert descriptors(database) == []
