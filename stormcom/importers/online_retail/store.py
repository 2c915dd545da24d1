"""The store that an import fills: found by its slug, or made with its organization."""

from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from stormcom.importers.online_retail.errors import StoreDiffers

CURRENCY = "GBP"
ZONE = "Europe/London"
COUNTRY = "GB"
LOCALE = "en"
ADD_ORGANIZATION = "INSERT INTO organizations (id, name, slug) VALUES (:organization, :name, :slug)"
ADD_STORE = """
    INSERT INTO stores (id, organization_id, name, slug, email, country, currency, timezone, locale,
                        subscription_plan, subscription_status, product_limit, order_limit)
    VALUES (:store, :organization, :name, :slug, :email, :country, :currency, :zone, :locale,
            'ENTERPRISE', 'ACTIVE', 10000, 100000)"""


def find_store(database: Database, *, slug: str) -> UUID | None:
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
    if (found.currency, found.timezone) != (CURRENCY, ZONE):
        raise StoreDiffers(
            slug=slug, currency=found.currency, zone=found.timezone, file_currency=CURRENCY, file_zone=ZONE
        )
    assert isinstance(store_id, UUID)
    return store_id


def create_store(database: Database, *, store_id: UUID, slug: str) -> None:
    """Make an organization and its store. Only the owner may: nobody is signed in, no tenant exists yet."""
    name = slug.replace("-", " ").replace("_", " ").title()
    facts = {"organization": new_id(), "store": store_id, "slug": slug, "name": name, "country": COUNTRY}
    store_facts = {
        **facts,
        "email": f"owner@{slug}.invalid",
        "currency": CURRENCY,
        "zone": ZONE,
        "locale": LOCALE,
    }
    with database.owner_session() as session:
        session.execute(text(ADD_ORGANIZATION), facts)
        session.execute(text(ADD_STORE), store_facts)
