"""API tokens and sign-in links: shown once, stored as hashes, found only by the functions meant for it."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.access.actions import create_sign_in_link, create_token
from oltp.access.errors import InvalidScope, InvalidTokenName, TokenUnknown, UserUnknown
from oltp.access.queries import get_token
from oltp.access.rules import SCOPES, hash_secret, new_secret
from oltp.db.session import Database
from oltp.kit.clock import FixedClock


def test_a_token_leads_to_its_store_and_scopes(database: Database, store: UUID, clock: FixedClock) -> None:
    with database.session_for(store) as session:
        plain = create_token(session, store_id=store, name="n", scopes=["search.read", "event.write", "event.write"],
                             now=clock.now())
    with database.anonymous_session() as session:
        holder = get_token(session, token=plain)
    assert (holder.store_id, holder.scopes) == (store, {"event.write", "search.read"})
    with database.owner_session() as session:
        row = session.execute(text("SELECT * FROM api_token")).one()
    assert row.token_hash == hash_secret(plain) and plain not in str(row)


def test_tokens_of_another_store_are_invisible(database: Database, store: UUID, other_store: UUID,
                                               clock: FixedClock) -> None:
    with database.session_for(store) as session:
        create_token(session, store_id=store, name="n", scopes=["event.write"], now=clock.now())
    with database.session_for(other_store) as session:
        assert session.scalar(text("SELECT count(*) FROM api_token")) == 0
        assert session.execute(text("DELETE FROM api_token RETURNING id")).all() == []
    with database.anonymous_session() as session:
        assert session.scalar(text("SELECT count(*) FROM api_token")) == 0


def test_a_token_of_another_store_cannot_be_made(database: Database, store: UUID, other_store: UUID,
                                                 clock: FixedClock) -> None:
    with pytest.raises(DBAPIError, match="row-level security"), database.session_for(store) as session:
        create_token(session, store_id=other_store, name="n", scopes=["event.write"], now=clock.now())


@pytest.mark.parametrize("scopes", [[], ["everything"], ["event.write", ""]])
def test_scopes_are_checked(database: Database, store: UUID, clock: FixedClock, scopes: list[str]) -> None:
    with pytest.raises(InvalidScope, match=SCOPES[0]), database.session_for(store) as session:
        create_token(session, store_id=store, name="n", scopes=scopes, now=clock.now())


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_names_are_checked(database: Database, store: UUID, clock: FixedClock, name: str) -> None:
    with pytest.raises(InvalidTokenName), database.session_for(store) as session:
        create_token(session, store_id=store, name=name, scopes=["event.write"], now=clock.now())


def test_unknown_tokens(database: Database) -> None:
    for token in ("", "sc_nothing", "\x00", "\ud800", "x" * 10_000):
        with pytest.raises(TokenUnknown), database.anonymous_session() as session:
            get_token(session, token=token)


def test_secrets_are_long_and_never_twice() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000 and all(len(secret) >= 43 and secret.startswith("sc_") for secret in made)


def test_a_sign_in_link_opens_once(database: Database, clock: FixedClock) -> None:
    with database.owner_session() as session:
        session.execute(text("INSERT INTO users (email, name) VALUES ('ann@example.test', 'Ann')"))
        plain = create_sign_in_link(session, email="ann@example.test", now=clock.now() + timedelta(days=3650),
                                    lifetime=timedelta(minutes=15))
    redeem = text("SELECT redeem_sign_in(:hash, :session, now() + interval '1 hour')")
    with database.anonymous_session() as session:
        assert isinstance(session.scalar(redeem, {"hash": hash_secret(plain), "session": hash_secret("s")}), UUID)
        assert session.scalar(redeem, {"hash": hash_secret(plain), "session": hash_secret("t")}) is None
    with pytest.raises(UserUnknown), database.owner_session() as session:
        create_sign_in_link(session, email="bob@example.test", now=clock.now(), lifetime=timedelta(minutes=15))
