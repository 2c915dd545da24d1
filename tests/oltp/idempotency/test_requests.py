"""A repeated request is answered as the first time: the record goes in before the work and lives with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.idempotency.actions import (
    LEASE,
    Answer,
    Request,
    begin_request,
    finish_request,
    forget_request,
    purge_requests,
)
from oltp.idempotency.errors import KeyReused, RequestInFlight

REQUEST = Request("key", "POST /v1/things", "0" * 64)
OTHER_BODY = Request("key", "POST /v1/things", "1" * 64)
ANSWER = Answer(201, '{"id": 1}', {"etag": '"a"'})


def test_an_answered_request_is_answered_again(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=REQUEST) is None
        finish_request(session, store_id=store, key="key", answer=ANSWER)
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=REQUEST) == ANSWER


def test_the_same_key_with_another_body_is_refused(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST)
        finish_request(session, store_id=store, key="key", answer=ANSWER)
    with pytest.raises(KeyReused), database.session_for(store) as session:
        begin_request(session, store_id=store, request=OTHER_BODY)


def test_a_key_of_another_store_is_another_key(database: Database, store: UUID, other_store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST)
        finish_request(session, store_id=store, key="key", answer=ANSWER)
    with database.session_for(other_store) as session:
        assert begin_request(session, store_id=other_store, request=OTHER_BODY) is None


def test_work_that_fails_leaves_no_record(database: Database, store: UUID) -> None:
    with pytest.raises(ZeroDivisionError), database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST)
        _ = 1 / 0
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=OTHER_BODY) is None


def test_a_request_in_flight_is_refused_at_once(database: Database, store: UUID) -> None:
    with database.session_for(store) as first:
        begin_request(first, store_id=store, request=REQUEST)
        with database.session_for(store) as second:
            second.execute(text("SET LOCAL lock_timeout = '1ms'"))  # it must not even begin to wait
            with pytest.raises(RequestInFlight):
                begin_request(second, store_id=store, request=REQUEST)


def test_a_lease_is_believed_until_it_ends(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST, lease=LEASE)
    with pytest.raises(RequestInFlight), database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST, lease=LEASE)
    with database.session_for(store) as session:
        session.execute(text("UPDATE idempotency_record SET lease_until = now()"))
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=REQUEST, lease=LEASE) is None


def test_a_refused_request_can_be_sent_again(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST, lease=LEASE)
    with database.session_for(store) as session:
        forget_request(session, store_id=store, key="key")
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=OTHER_BODY, lease=LEASE) is None


def test_a_record_is_kept_for_a_day(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST)
        finish_request(session, store_id=store, key="key", answer=ANSWER)
        kept = session.scalar(text("SELECT expires_at - created_at FROM idempotency_record"))
    assert kept == timedelta(hours=24)
    with database.session_for(store) as session:
        session.execute(text("UPDATE idempotency_record SET created_at = now() - interval '25 hours', "
                             "expires_at = now() - interval '1 hour'"))
    with database.session_for(store) as session:
        assert begin_request(session, store_id=store, request=OTHER_BODY) is None


def test_expired_records_of_all_stores_are_purged(database: Database, store: UUID, other_store: UUID) -> None:
    for each in (store, other_store):
        with database.session_for(each) as session:
            begin_request(session, store_id=each, request=REQUEST)
            session.execute(text("UPDATE idempotency_record SET created_at = now() - interval '2 days', "
                                 "expires_at = now() - interval '1 day'"))
    with database.worker_session() as session:
        assert purge_requests(session, size=100) == 2
    with database.worker_session() as session:
        assert purge_requests(session, size=100) == 0


def test_a_key_that_is_used_anew_while_it_is_purged_stays(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=REQUEST)
        session.execute(text("UPDATE idempotency_record SET created_at = now() - interval '2 days', "
                             "expires_at = now() - interval '1 day'"))

    def purge() -> None:
        with database.worker_session() as session:
            purge_requests(session, size=100)

    thread = Thread(target=purge)
    with database.session_for(store) as session:
        begin_request(session, store_id=store, request=OTHER_BODY, lease=LEASE)
        thread.start()
        while not _is_waited_for(database):
            assert thread.is_alive()
    thread.join()
    with pytest.raises(RequestInFlight), database.session_for(store) as session:
        begin_request(session, store_id=store, request=OTHER_BODY, lease=LEASE)


def _is_waited_for(database: Database) -> bool:
    with database.owner_session() as session:
        return bool(session.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))


@pytest.mark.race
def test_sixteen_workers_with_one_key_do_the_work_once(database: Database, store: UUID) -> None:
    workers = 16
    start = Barrier(workers)

    def work(_: int) -> str:
        start.wait()
        try:
            with database.session_for(store) as session:
                answer = begin_request(session, store_id=store, request=REQUEST)
                if answer is not None:
                    return "answered"
                session.execute(text("INSERT INTO feature_flag (store_id, name) VALUES (:store, 'done')"),
                                {"store": store})
                finish_request(session, store_id=store, key="key", answer=ANSWER)
                return "worked"
        except RequestInFlight:
            return "in flight"

    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(work, range(workers)))
    assert outcomes.count("worked") == 1
    assert set(outcomes) <= {"worked", "in flight", "answered"}
    with database.session_for(store) as session:
        assert session.scalar(text("SELECT count(*) FROM feature_flag")) == 1
