"""The store an import makes: whose it is, what it is called, and what it may not be called."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from stormcom.importers.errors import SlugNotValid, SlugTaken
from stormcom.importers.online_retail.run import SETTING
from stormcom.importers.store import create_store, find_store

MERCHANT = """
    WITH person AS (INSERT INTO users (name, email) VALUES (:email, :email) RETURNING id),
    firm AS (INSERT INTO organizations (name, slug) VALUES (:email, :email) RETURNING id)
    INSERT INTO memberships (user_id, organization_id, role) SELECT person.id, firm.id, 'OWNER' FROM person, firm"""
OWNERS = """
    SELECT u.email FROM users u JOIN memberships m ON m.user_id = u.id JOIN stores s
    ON s.organization_id = m.organization_id WHERE s.slug = :slug AND m.role = 'OWNER'"""


def owners(database: Database, slug: str) -> list[str]:
    with database.owner_session() as session:
        return list(session.scalars(text(OWNERS), {"slug": slug}))


def add_merchant(database: Database, email: str) -> None:
    with database.owner_session() as session:
        session.execute(text(MERCHANT), {"email": email})


def test_a_new_store_is_in_pounds_and_london_time(database: Database) -> None:
    store_id = uuid4()
    assert find_store(database, slug="gifts", setting=SETTING) is None
    create_store(database, store_id=store_id, slug="gifts", setting=SETTING)
    assert find_store(database, slug="gifts", setting=SETTING) == store_id
    with database.session_for(store_id) as session:
        row = session.execute(text("SELECT name, currency, timezone, country FROM stores")).one()
    assert tuple(row) == ("Gifts", "GBP", "Europe/London", "GB")
    assert owners(database, "gifts") == ["owner@gifts.invalid"]


def test_the_only_merchant_owns_the_new_store(database: Database) -> None:
    add_merchant(database, "ann@shop.test")
    create_store(database, store_id=uuid4(), slug="gifts", setting=SETTING)
    assert owners(database, "gifts") == ["ann@shop.test"]


def test_of_several_merchants_none_sees_the_new_store(database: Database) -> None:
    add_merchant(database, "ann@shop.test")
    add_merchant(database, "bob@shop.test")
    create_store(database, store_id=uuid4(), slug="gifts", setting=SETTING)
    assert owners(database, "gifts") == ["owner@gifts.invalid"]


def test_an_organization_may_have_the_slug_already(database: Database) -> None:
    add_merchant(database, "gifts")
    create_store(database, store_id=uuid4(), slug="gifts", setting=SETTING)
    with database.owner_session() as session:
        slugs = session.scalars(text("SELECT slug FROM organizations")).all()
    assert len(slugs) == 2 and all(slug.startswith("gifts") for slug in slugs)


def test_the_slug_of_a_deleted_store_stays_taken(database: Database) -> None:
    create_store(database, store_id=uuid4(), slug="gifts", setting=SETTING)
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET deleted_at = now()"))
    with pytest.raises(SlugTaken, match="gifts belongs to a store that was deleted"):
        create_store(database, store_id=uuid4(), slug="gifts", setting=SETTING)
    with database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM organizations")) == 1


@pytest.mark.parametrize("slug", ["", "ab", "My Shop", "gifts'; DROP TABLE stores", "a" * 51, "<b>gifts</b>"])
def test_a_new_store_needs_a_proper_slug(database: Database, slug: str) -> None:
    with pytest.raises(SlugNotValid, match="3 to 50"):
        create_store(database, store_id=uuid4(), slug=slug, setting=SETTING)
