"""The outbox: a fact is there exactly if its transaction is, carries the ids of its request, and never changes."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.kit.trace import bind_trace, new_trace
from oltp.outbox.actions import record_event
from oltp.outbox.models import DomainEvent

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def place(session: Session, store: UUID) -> None:
    """Record some fact."""
    record_event(session, store_id=store, name="order.placed", entity_type="order", entity_id=uuid4(),
                 payload={"total": 1999}, occurred_at=NOW)


def only(session: Session) -> DomainEvent:
    """The one fact there is."""
    return session.scalars(select(DomainEvent)).one()


def count(database: Database, store: UUID) -> int:
    """Facts of the store."""
    with database.session_for(store) as session:
        return int(session.execute(text("SELECT count(*) FROM domain_event")).scalar_one())


def test_the_ids_of_the_trace_are_kept(database: Database, store: UUID) -> None:
    trace = new_trace("req-9", str(uuid4()))
    with bind_trace(trace), database.session_for(store) as session:
        place(session, store)
    with database.session_for(store) as session:
        kept = only(session)
        assert (kept.request_id, kept.correlation_id, kept.payload) == ("req-9", trace.correlation_id, {"total": 1999})
        assert (kept.occurred_at, kept.actor_type) == (NOW, "SYSTEM")


def test_without_a_trace_there_are_no_ids(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        place(session, store)
        event = only(session)
    assert event.request_id is None and event.correlation_id is None


def test_a_rolled_back_fact_is_none(database: Database, store: UUID) -> None:
    with pytest.raises(KeyError), database.session_for(store) as session:
        place(session, store)
        raise KeyError
    assert count(database, store) == 0


def test_a_fact_cannot_be_changed(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        place(session, store)
    with pytest.raises(DBAPIError, match="append-only"), database.session_for(store) as session:
        session.execute(text("UPDATE domain_event SET payload = '{}'"))


def test_facts_of_another_store_are_invisible(database: Database, store: UUID, other_store: UUID) -> None:
    with database.session_for(store) as session:
        place(session, store)
    assert (count(database, store), count(database, other_store)) == (1, 0)
