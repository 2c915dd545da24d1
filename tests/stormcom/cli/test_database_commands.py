"""`stormcom db …` and `stormcom token …` on a real database."""

import io
import os
import subprocess
import sys
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.access.queries import get_token
from oltp.access.rules import SCOPES, hash_secret
from oltp.db.session import Database
from stormcom.schema import head
from tests.stormcom.cli.conftest import Command


def test_the_schema_goes_down_and_up_again(database: Database, command: Command) -> None:
    assert command("db", "status").out == f"stands at {head()}, newest is {head()}\n"
    database.dispose()
    assert command("db", "downgrade", "0009", "--yes").code == 0
    behind = command("db", "status")
    assert behind.code == 1 and "stands at 0009" in behind.out and "stormcom db upgrade" in behind.out
    refused = command("token", "create", "--store", "demo", "--scope", "all")
    assert refused.code == 1 and "stormcom db upgrade" in refused.err
    assert command("db", "upgrade").code == 0
    assert command("db", "status").code == 0


def test_going_down_asks_first(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert command("db", "downgrade", "0009").code == 1
    assert command("db", "status").code == 0


def test_the_url_is_bare(database: Database, command: Command) -> None:
    assert command("db", "url").out == f"{database.url}\n"


def test_a_token_works_and_is_stored_as_its_hash_only(database: Database, store: UUID, command: Command) -> None:
    made = command("token", "create", "--store", "demo", "--scope", "search.read", "--scope", "product.read")
    secret = made.out.strip()
    with database.anonymous_session() as session:
        token = get_token(session, token=secret)
    assert (token.store_id, token.scopes) == (store, {"search.read", "product.read"})
    with database.owner_session() as session:
        stored = session.execute(text("SELECT token_hash, name FROM api_token")).all()
    assert stored == [(hash_secret(secret), "made on the command line")]
    everything = command("token", "create", "--store", "demo", "--scope", "all", "--name", "all of it").out.strip()
    with database.anonymous_session() as session:
        assert get_token(session, token=everything).scopes == set(SCOPES)


def test_wrong_tokens_are_refused_with_what_there_is(database: Database, store: UUID, command: Command) -> None:
    nowhere = command("token", "create", "--store", "nowhere", "--scope", "all")
    assert nowhere.code == 1 and "There are: demo" in nowhere.err
    scope = command("token", "create", "--store", "demo", "--scope", "everything")
    assert scope.code == 1 and "search.read" in scope.err
    nobody = command("token", "sign-in", "--email", "nobody@example.test")
    assert nobody.code == 1 and "no user" in nobody.err


def test_a_sign_in_link_is_made_for_a_known_user(database: Database, command: Command) -> None:
    with database.owner_session() as session:
        session.execute(text("INSERT INTO users (email) VALUES ('owner@example.test')"))
    link = command("token", "sign-in", "--email", "owner@example.test").out.strip()
    address, _, secret = link.partition("?token=")
    assert address == "http://127.0.0.1:8000/dashboard/sign-in"
    with database.owner_session() as session:
        assert session.scalar(text("SELECT token FROM verification_tokens")) == hash_secret(secret)


def test_a_token_is_made_by_a_process_that_did_nothing_else(database: Database, store: UUID) -> None:
    """In this process every table is known already; the command's own process knows only what it imports."""
    line = [sys.executable, "-m", "stormcom.cli.app", "token", "create", "--store", "demo", "--scope", "search.read"]
    environment = {**os.environ, "STORMCOM_DATABASE_URL": database.url}
    made = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    with database.anonymous_session() as session:
        assert get_token(session, token=made.stdout.strip()).store_id == store
