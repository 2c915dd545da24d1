"""The store that an import fills: found by its slug, or made with its organization."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.session import Database
from oltp.kit.ids import new_id
from stormcom.importers.errors import SlugNotValid, SlugTaken, StoreDiffers

LOCALE = "en"
ADD_ORGANIZATION = "INSERT INTO organizations (id, name, slug) VALUES (:organization, :name, :slug)"
ADD_STORE = """
    INSERT INTO stores (id, organization_id, name, slug, email, country, currency, timezone, locale,
                        subscription_plan, subscription_status, product_limit, order_limit)
    VALUES (:store, :organization, :name, :slug, :email, :country, :currency, :zone, :locale,
            'ENTERPRISE', 'ACTIVE', 10000, 100000)
    ON CONFLICT (slug) DO NOTHING RETURNING id"""
# No legacy program writes to a store that an import makes. Only within the store, as long as it has no product.
START = "SELECT start_at_done(:store)"
ADD_USER = """
    INSERT INTO users (id, name, email) VALUES (:user, :name, :email)
    ON CONFLICT (email) DO UPDATE SET name = users.name RETURNING id"""
ADD_MEMBERSHIP = """
    INSERT INTO memberships (user_id, organization_id, role) VALUES (:user, :organization, 'OWNER')"""
VALID_SLUG = re.compile(r"[a-z0-9-]{3,50}")


@dataclass(frozen=True)
class StoreSetting:
    """What a file says of its shop: money, clock and country (ISO 3166-1 alpha-2)."""

    currency: str
    zone: str
    country: str


def find_store(database: Database, *, slug: str, setting: StoreSetting) -> UUID | None:
    """The store's id, None where there is no such store.

    Raises StoreDiffers for other money or another clock.
    """
    with database.anonymous_session() as session:
        store_id = session.scalar(text("SELECT store_by_slug(:slug)"), {"slug": slug})
    if store_id is None:
        return None
    statement = text("SELECT currency, timezone FROM stores WHERE id = :id")
    with database.session_for(store_id) as session:
        found = session.execute(statement, {"id": store_id}).one()
    if (found.currency, found.timezone) != (setting.currency, setting.zone):
        raise StoreDiffers(
            slug=slug, currency=found.currency, zone=found.timezone, file_currency=setting.currency,
            file_zone=setting.zone,
        )
    assert isinstance(store_id, UUID)
    return store_id


def find_setting(database: Database, *, slug: str) -> StoreSetting | None:
    """What the store says of itself, None where there is no such store."""
    with database.anonymous_session() as session:
        store_id = session.scalar(text("SELECT store_by_slug(:slug)"), {"slug": slug})
    if store_id is None:
        return None
    with database.session_for(store_id) as session:
        row = session.execute(
            text("SELECT currency, timezone, country FROM stores WHERE id = :id"), {"id": store_id}).one()
    return StoreSetting(row.currency, row.timezone, row.country)


def create_store(database: Database, *, store_id: UUID, slug: str, setting: StoreSetting) -> None:
    """Make an organization, its store and its owner. Only the database's owner may: no tenant exists yet.

    Raises SlugNotValid or SlugTaken; then nothing was made.
    """
    if not VALID_SLUG.fullmatch(slug):
        raise SlugNotValid(slug=slug)
    name = slug.replace("-", " ").title()
    store = {"store": store_id, "slug": slug, "name": name, "email": owner_email(slug)}
    facts = {"currency": setting.currency, "zone": setting.zone, "country": setting.country, "locale": LOCALE}
    with database.owner_session() as session:
        organization_id = _add_organization(session, slug=slug, name=name)
        if session.scalar(text(ADD_STORE), {**store, **facts, "organization": organization_id}) is None:
            raise SlugTaken(slug=slug)
        member = {"user": _owner(session, slug=slug, name=name), "organization": organization_id}
        session.execute(text(ADD_MEMBERSHIP), member)
    with database.session_for(store_id) as session:
        session.execute(text(START), {"store": store_id})


def owner_email(slug: str) -> str:
    """The address of a new store, and of its owner where one has to be made."""
    return f"owner@{slug}.invalid"


def _add_organization(session: Session, *, slug: str, name: str) -> UUID:
    """An organization named like its store; where another one has that slug, with a piece of its id."""
    organization_id = new_id()
    taken = session.scalar(text("SELECT true FROM organizations WHERE slug = :slug"), {"slug": slug})
    own_slug = f"{slug}-{organization_id.hex[-8:]}" if taken else slug
    session.execute(text(ADD_ORGANIZATION), {"organization": organization_id, "slug": own_slug, "name": name})
    return organization_id


def _owner(session: Session, *, slug: str, name: str) -> UUID:
    """Where one person owns everything (a machine of one's own), the new store is theirs too; else its own owner's.

    With several merchants on the platform, giving the store to any of them would show one's figures to another.
    """
    owners = session.scalars(text("SELECT DISTINCT user_id FROM memberships WHERE role = 'OWNER' LIMIT 2")).all()
    if len(owners) == 1:
        return UUID(str(owners[0]))
    facts = {"user": new_id(), "name": f"{name} Owner", "email": owner_email(slug)}
    return UUID(str(session.scalar(text(ADD_USER), facts)))
