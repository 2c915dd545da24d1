"""Audit entries: what they say, who may write them, that nobody changes them, and the secret behind them."""

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.audit.actions import ensure_audit_secret, record_audit
from oltp.audit.errors import AuditFieldEmpty, AuditValueUnknown
from oltp.audit.queries import find_sealed_secret
from oltp.audit.tasks import make_secrets
from oltp.db.session import Database
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.secrets import SecretBox, SecretBroken, SecretKeyInvalid, SecretKeyMissing, new_key
from oltp.kit.trace import bind_trace, new_trace
from tests.conftest import NOON, cloned_database, create_store

OLD = text("INSERT INTO audit_logs (store_id, action, entity_type, entity_id, changes) "
           "VALUES (:store, 'update', 'Product', 'x', '{}') RETURNING actor_type, severity, signature")


@pytest.fixture(scope="module")
def database(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def store(database: Database) -> UUID:
    return create_store(database, slug=f"s{uuid4().hex[:8]}")


def test_an_entry_says_all_it_is_told_and_follows_its_request(database: Database, store: UUID) -> None:
    trace = new_trace("req-1")
    with database.session_for(store) as session, bind_trace(trace):
        record_audit(session, store_id=store, action="price.changed", entity_type="product", entity_id="p1",
                     changes={"price": {"old": 1, "new": 2}}, severity="warning", actor_type="JOB", occurred_at=NOON)
    with database.session_for(store) as session:
        row = session.execute(text("SELECT * FROM audit_logs")).one()
    assert (row.correlation_id, row.request_id, row.created_at) == (trace.correlation_id, "req-1", NOON)
    assert (row.actor_type, row.severity, row.signature) == ("JOB", "warning", None)
    assert row.changes == '{"price": {"old": 1, "new": 2}}'


@pytest.mark.parametrize(("given", "refusal", "field"), [
    ({"entity_type": " "}, AuditFieldEmpty, "entity_type"), ({"entity_id": ""}, AuditFieldEmpty, "entity_id"),
    ({"action": ""}, AuditFieldEmpty, "action"), ({"severity": "fatal"}, AuditValueUnknown, "severity"),
    ({"actor_type": "CAT"}, AuditValueUnknown, "actor_type"),
])
def test_what_an_entry_needs_is_refused_by_field(
    database: Database, store: UUID, given: dict[str, str], refusal: type[Exception], field: str
) -> None:
    entry = {"action": "a", "entity_type": "b", "entity_id": "c", **given}
    with pytest.raises(refusal, match=field) as raised, database.session_for(store) as session:
        record_audit(session, store_id=store, occurred_at=NOON, **entry)  # type: ignore[arg-type]
    assert raised.value.field == field  # type: ignore[attr-defined]


def test_a_legacy_writer_goes_on_and_nobody_changes_an_entry(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        assert tuple(session.execute(OLD, {"store": store}).one()) == ("USER", "info", None)
    for change in ("UPDATE audit_logs SET action = 'x'", "DELETE FROM audit_logs"):
        with pytest.raises(DBAPIError, match="append-only"), database.owner_session() as session:
            session.execute(text(change))
        for entrance in (database.session_for(store), database.worker_session()):
            with pytest.raises(DBAPIError, match="permission denied"), entrance as session:
                session.execute(text(change))
    for column in ("actor_type", "severity"):
        with pytest.raises(DBAPIError, match=f"audit_logs_{column}_check"), database.owner_session() as session:
            session.execute(text(f"INSERT INTO audit_logs (action, entity_type, entity_id, {column}) "
                                 "VALUES ('a', 'b', 'c', 'x')"))


def test_entries_outlive_their_store_and_forget_a_deleted_user(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        user = session.scalar(text("INSERT INTO users (email) VALUES ('gone@example.test') RETURNING id"))
    with database.session_for(store) as session:
        record_audit(session, store_id=store, action="a", entity_type="b", entity_id="c", user_id=user,
                     ip_address="::1", occurred_at=NOON)
    with database.owner_session() as session:
        session.execute(text("DELETE FROM users WHERE id = :user"), {"user": user})
        session.execute(text("DELETE FROM stores WHERE id = :store"), {"store": store})
        left = session.execute(text("SELECT user_id, ip_address FROM audit_logs WHERE store_id = :store"),
                               {"store": store}).all()
    assert [tuple(row) for row in left] == [(None, "::1")]


def test_a_store_has_one_secret_that_only_it_reads(database: Database, store: UUID, clock: FixedClock) -> None:
    box, other = SecretBox.of(new_key()), create_store(database, slug=f"o{uuid4().hex[:8]}")
    found: list[bytes] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        with database.session_for(store) as session:
            found.append(ensure_audit_secret(session, store_id=store, box=box))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1 and len(found[0]) == 32
    with database.session_for(other) as session:
        assert find_sealed_secret(session, store_id=store) is None
        with pytest.raises(LookupError):
            ensure_audit_secret(session, store_id=store, box=box)
    make_secrets(Work(database, clock, {}, box))
    with database.session_for(store) as session:
        sealed = find_sealed_secret(session, store_id=store)
        assert sealed is not None and found[0] not in sealed
        assert ensure_audit_secret(session, store_id=store, box=box) == found[0]
    with database.worker_session() as session:
        theirs = find_sealed_secret(session, store_id=other)
    assert theirs is not None and box.open(theirs, owner=other.bytes) != found[0]
    with pytest.raises(SecretBroken):
        box.open(sealed, owner=other.bytes)


def test_keys_can_be_rotated() -> None:
    old, new = new_key(), new_key()
    sealed = SecretBox.of(old).seal(b"value", owner=b"1")
    both = SecretBox.of(f"{new}, {old}")
    assert both.open(sealed, owner=b"1") == b"value"
    assert not both.is_current(sealed) and both.is_current(both.seal(b"value", owner=b"1"))
    with pytest.raises(SecretKeyMissing, match="STORMCOM_SECRET_KEY"):
        SecretBox.of(new).open(sealed, owner=b"1")
    with pytest.raises(SecretBroken):
        both.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), owner=b"1")
    for wrong in ("", "short", new[:-5], "*" * 44):
        with pytest.raises(SecretKeyInvalid):
            SecretBox.of(wrong)
    assert new not in repr(both) and old not in repr(both)
