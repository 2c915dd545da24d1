"""`stormcom migration`: what it says, what it refuses, and how it is wrong to call it."""

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from tests.conftest import create_store
from tests.stormcom.cli.conftest import Command


def test_a_new_database_is_done(command: Command, database: Database) -> None:
    create_store(database, slug="demo")
    answer = command("migration", "status")
    assert answer.code == 0
    assert "demo" in answer.out and answer.out.count("done") >= 7
    assert "The contract is in place" in answer.out
    answer = command("migration", "advance", "--store", "demo", "--capability", "images")
    assert (answer.code, answer.out.strip()) == (0, "")
    answer = command("migration", "rollback", "--store", "demo", "--capability", "images")
    assert answer.code == 1 and "stormcom db downgrade contract@-1" in answer.err


def test_wrong_names_are_named(command: Command, database: Database) -> None:
    create_store(database, slug="demo")
    answer = command("migration", "advance", "--store", "nobody", "--capability", "images")
    assert answer.code == 1 and "There is no store 'nobody'" in answer.err
    answer = command("migration", "advance", "--all", "--capability", "prices")
    assert answer.code == 1 and "There is no capability 'prices'; there are: images, pricing" in answer.err
    answer = command("migration", "advance", "--all", "--capability", "images", "--to", "on")
    assert answer.code == 1 and "There is no step 'on'" in answer.err
    answer = command("migration", "advance", "--capability", "images")
    assert answer.code == 2 and "--all" in answer.err


def test_an_adopted_database_is_moved(
    command: Command, adopted_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = create_store(adopted_database, slug="shop")
    with adopted_database.owner_session() as session:
        session.execute(text("INSERT INTO products (store_id, name, slug, sku, price, images) "
                             "VALUES (:store, 'Lamp', 'lamp', 'L', 1.9995, '[]')"), {"store": store})
    monkeypatch.setenv("STORMCOM_DATABASE_URL", adopted_database.url)
    answer = command("migration", "advance", "--all", "--capability", "all", "--to", "shadow")
    assert answer.code == 0 and "shop: pricing off → shadow (rounded 1," in answer.out
    assert "by 0.0005 in all" in answer.out
    answer = command("migration", "advance", "--store", "shop", "--capability", "images", "--to", "done")
    assert answer.code == 1 and "images cannot" not in answer.err and "pricing" not in answer.out
    answer = command("db", "upgrade", "contract@head")
    assert answer.code == 1 and "Not yet: stores that are not done" in answer.err and "shop: " in answer.err
