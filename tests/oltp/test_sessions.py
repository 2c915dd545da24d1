"""A pooled connection: one whose server has gone is never handed out; one that lives costs no question."""

import pytest
from sqlalchemy import text

from oltp.db import session as sessions
from oltp.db.session import Database


def test_connection_ended_by_the_server_is_replaced(database: Database, store):
    with database.session_for(store) as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with database.owner_session() as session:
        # Waits until the other has really ended.
        session.execute(text("SET ROLE postgres"))
        assert session.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with database.session_for(store) as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid
        assert session.scalar(text("SELECT current_setting('app.store_id')")) == str(store)


def test_connection_that_rested_long_is_asked(database: Database, store, monkeypatch):
    monkeypatch.setattr(sessions, "TRUSTED_SECONDS", -1.0)
    for _ in range(2):
        with database.session_for(store) as session:
            assert session.scalar(text("SELECT count(*) FROM stores")) == 1
    with database.anonymous_connection() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_store_is_forgotten_with_its_transaction(database: Database, store):
    with database.session_for(store) as session:
        assert session.scalar(text("SELECT count(*) FROM stores")) == 1
    with database.anonymous_connection() as connection:
        assert connection.scalar(text("SELECT count(*) FROM stores")) == 0
        assert connection.scalar(text("SELECT count(*) FROM stores")) == 0
    with database.session_for(store) as session:
        assert session.in_transaction()
        session.execute(text("UPDATE stores SET name = 'other'"))
        session.rollback()
    with database.session_for(store) as session:
        assert session.scalar(text("SELECT name FROM stores")) != "other"


def test_store_can_be_no_statement(database: Database):
    with pytest.raises(Exception, match="UUID"), database.session_for("x'; SELECT 1 --") as session:  # type: ignore[arg-type]
        session.execute(text("SELECT count(*) FROM stores"))
