"""`stormcom migration`: what it says, what it refuses, and how it is wrong to call it."""

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
