"""The queue: jobs are part of the transaction, followers are found, and what a dead worker left is done again."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from oltp.handlers import FOLLOWERS, TASKS
from oltp.jobs.actions import enqueue
from oltp.jobs.app import create_app
from oltp.jobs.schema import ensure_schema
from oltp.jobs.task import Task, Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.kit.trace import Trace, bind_trace, current_trace
from oltp.outbox.actions import record_event
from oltp.payments.gateway import Gateways
from stormcom.worker import work_through

# A worker that runs past a full minute puts in what is due then; that is not asked for here.
JOBS = """
SELECT task_name, status::text, args, lock FROM procrastinate.procrastinate_jobs
WHERE NOT (status = 'todo' AND task_name IN (SELECT task_name FROM procrastinate.procrastinate_periodic_defers))
ORDER BY id"""


def _jobs(database: Database) -> list[tuple[str, str, dict[str, object], str | None]]:
    with psycopg.connect(database.url) as connection:
        return connection.execute(JOBS).fetchall()


def _work_off(database: Database, clock: FixedClock, *tasks: Task) -> None:
    async def work_off() -> None:
        app = create_app(tasks, Work(database, clock, FOLLOWERS))
        async with app.open_async():
            await app.run_worker_async(wait=False, delete_jobs="successful", install_signal_handlers=False)

    asyncio.run(work_off())


def test_a_job_lives_and_dies_with_its_transaction(database: Database, store: UUID) -> None:
    with pytest.raises(RuntimeError), database.session_for(store) as session:
        enqueue(session, task="never", number=1)
        raise RuntimeError
    with database.session_for(store) as session:
        enqueue(session, task="some.task", lock="one", number=2, store_id=store)
        assert _jobs(database) == []
    assert _jobs(database) == [("some.task", "todo", {"number": 2, "store_id": str(store)}, "one")]


def test_the_application_may_put_jobs_in_and_nothing_else(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        enqueue(session, task="some.task")
    for statement in ("SELECT * FROM procrastinate.procrastinate_jobs", "DELETE FROM procrastinate.procrastinate_jobs",
                      "SELECT procrastinate.procrastinate_finish_job_v1(1, 'succeeded', false)"):
        with pytest.raises(DBAPIError, match="permission denied"), database.session_for(store) as session:
            session.execute(text(statement))


def test_the_trace_of_a_request_reaches_its_job(database: Database, store: UUID, clock: FixedClock) -> None:
    seen: list[Trace | None] = []
    trace = Trace("request-1", new_id())
    with bind_trace(trace), database.session_for(store) as session:
        enqueue(session, task="look", letter="x")
    _work_off(database, clock, Task("look", lambda work, *, letter: seen.append(current_trace())))
    assert seen == [trace]
    assert _jobs(database) == []


def test_an_event_calls_its_followers(database: Database, store: UUID, clock: FixedClock) -> None:
    with database.session_for(store) as session:
        product = session.scalar(text(
            "INSERT INTO products (store_id, name, slug, sku, status, price_amount, currency) "
            "VALUES (:store, 'Brass lantern', 'brass-lantern', 'L1', 'ACTIVE', 1999, 'USD') RETURNING id"),
            {"store": store})
        record_event(session, store_id=store, name="product.created", entity_type="product", entity_id=product,
                     payload={}, occurred_at=clock.now())
    assert [job[0] for job in _jobs(database)] == ["outbox.dispatch_events"]
    _work_off(database, clock, *TASKS)
    with database.session_for(store) as session:
        titles = session.scalars(text("SELECT title FROM product_search_document")).all()
    assert titles == ["Brass lantern"]
    assert _jobs(database) == []


def test_an_event_nobody_follows_is_done_with(database: Database, store: UUID, clock: FixedClock) -> None:
    with database.session_for(store) as session:
        record_event(session, store_id=store, name="nobody.cares", entity_type="x", entity_id=new_id(), payload={},
                     occurred_at=clock.now())
    _work_off(database, clock, *TASKS)
    assert _jobs(database) == []


def test_a_failing_job_is_tried_again_later_and_then_kept(database: Database, store: UUID, clock: FixedClock) -> None:
    def fail(work: Work) -> None:
        raise ValueError("no")

    with database.session_for(store) as session:
        enqueue(session, task="fail")
    _work_off(database, clock, Task("fail", fail, attempts=1))
    with psycopg.connect(database.url, autocommit=True) as connection:
        waiting = connection.execute("SELECT status::text, attempts, scheduled_at > now() "
                                     "FROM procrastinate.procrastinate_jobs").fetchone()
        assert waiting == ("todo", 1, True)
        connection.execute("UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now()")
    _work_off(database, clock, Task("fail", fail, attempts=1))
    assert [(job[0], job[1]) for job in _jobs(database)] == [("fail", "failed")]


def test_the_job_of_a_dead_worker_is_done_again(database: Database, store: UUID, clock: FixedClock) -> None:
    done: list[int] = []
    with database.session_for(store) as session:
        enqueue(session, task="count", number=7)
        enqueue(session, task="jobs.rescue", timestamp=0)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) "
                           "VALUES (now() - interval '5 minutes')")
        connection.execute("UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) "
                           "FROM procrastinate.procrastinate_workers) WHERE task_name = 'count'")
    task = Task("count", lambda work, *, number: done.append(number))
    _work_off(database, clock, task)
    _work_off(database, clock, task)
    assert done == [7]


def test_a_starting_worker_does_the_daily_work(database: Database, store: UUID, clock: FixedClock) -> None:
    clock.advance(timedelta(days=40))
    with database.worker_session() as session:
        for days in (31, 29):
            session.execute(text(
                "INSERT INTO request_timing (route, method, status, duration_us, occurred_at) "
                "VALUES (:route, 'GET', 200, 1, :at)"),
                {"route": str(days), "at": clock.now() - timedelta(days=days)})
    with database.owner_session() as session:
        user = session.scalar(text("INSERT INTO users (email) VALUES ('a@example.test') RETURNING id"))
        for name, offset in (("old", -1), ("new", 1)):
            given = {"name": name, "user": user, "at": clock.now() + timedelta(hours=offset)}
            session.execute(text("INSERT INTO sessions (session_token, user_id, expires) "
                                 "VALUES (:name, :user, :at)"), given)
            session.execute(text("INSERT INTO verification_tokens (identifier, token, expires) "
                                 "VALUES ('a@example.test', :name, :at)"), given)
    asyncio.run(work_through(Work(database, clock, FOLLOWERS, gateways=Gateways.fake()), wait=False))
    with database.owner_session() as session:
        assert session.scalars(text("SELECT route FROM request_timing")).all() == ["29"]
        assert session.scalars(text("SELECT session_token FROM sessions")).all() == ["new"]
        assert session.scalars(text("SELECT token FROM verification_tokens")).all() == ["new"]
        ahead = (clock.now() + timedelta(days=360)).strftime("analytics_event_%Y%m")
        assert session.scalar(text("SELECT to_regclass(:name)"), {"name": ahead}) is not None
    assert _jobs(database) == []


def test_making_the_queue_again_changes_nothing(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        enqueue(session, task="some.task")
    ensure_schema(database.url)
    assert len(_jobs(database)) == 1
