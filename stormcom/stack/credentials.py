"""Ways in: API tokens and sign-in links, for people at the command line and for the panel of `up`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from oltp.access.actions import create_sign_in_link, create_token
from oltp.access.errors import TokenUnknown
from oltp.access.queries import get_token
from oltp.access.rules import SCOPES
from oltp.db.session import Database
from oltp.kit.clock import Clock, SystemClock
from stormcom.stack.errors import StackError

SIGN_IN_LIFETIME = timedelta(hours=1)
PANEL_TOKEN_NAME = "example of stormcom up"
PANEL_TOKEN_LIFETIME = timedelta(days=30)
ALL_SCOPES = "all"


class NoSuchStore(StackError):
    """No store has the slug."""


@dataclass(frozen=True)
class Merchant:
    """Somebody who can sign in and see at least one store; `slug` is the first of their stores."""

    email: str
    slug: str
    store_id: UUID


def make_token(database: Database, *, slug: str, scopes: Sequence[str], name: str) -> str:
    """Make a token of the store and return it in plain text. Errors: NoSuchStore, InvalidScope, InvalidTokenName."""
    store_id = store_by_slug(database, slug=slug)
    wanted = SCOPES if ALL_SCOPES in scopes else scopes
    with database.session_for(store_id) as session:
        return create_token(session, store_id=store_id, name=name, scopes=wanted, now=SystemClock().now())


def make_sign_in_url(database: Database, *, email: str, port: int) -> str:
    """Make a one-time link for a user of this machine's dashboard. Errors: UserUnknown."""
    with database.owner_session() as session:
        secret = create_sign_in_link(session, email=email, now=SystemClock().now(), lifetime=SIGN_IN_LIFETIME)
    return f"http://127.0.0.1:{port}/dashboard/sign-in?token={secret}"


def store_by_slug(database: Database, *, slug: str) -> UUID:
    """Return the store's id. Errors: NoSuchStore, naming those there are."""
    with database.owner_session() as session:
        found = session.scalar(text("SELECT store_by_slug(:slug)"), {"slug": slug})
        slugs = session.scalars(text("SELECT slug FROM stores WHERE deleted_at IS NULL ORDER BY slug LIMIT 20")).all()
    if isinstance(found, UUID):
        return found
    known = f"There are: {', '.join(slugs)}." if slugs else "There is none yet: `stormcom demo` makes some."
    raise NoSuchStore(f"No store has the slug {slug!r}. {known}")


def find_merchant(database: Database) -> Merchant | None:
    """Return the user with the most stores, the longest known first; None where nobody could see anything."""
    statement = text("""
        SELECT u.email, min(s.slug) AS slug FROM users u JOIN memberships m ON m.user_id = u.id
        JOIN stores s ON s.organization_id = m.organization_id AND s.deleted_at IS NULL
        WHERE u.email IS NOT NULL
        GROUP BY u.id, u.email, u.created_at ORDER BY count(*) DESC, u.created_at, u.id LIMIT 1""")
    with database.owner_session() as session:
        row = session.execute(statement).one_or_none()
    return None if row is None else Merchant(row.email, row.slug, store_by_slug(database, slug=row.slug))


def panel_token(database: Database, *, merchant: Merchant, home: Path, clock: Clock) -> str:
    """Return a reading token of the merchant's first store, the same at every `up` while it is valid.

    Only its hash is in the database, so the plain text lies in the home folder, for the owner's eyes only.
    """
    file = home / "example-token"
    known = file.read_text().strip() if file.exists() else ""
    if known and _speaks_for(database, known, merchant.store_id):
        return known
    now: datetime = clock.now()
    with database.session_for(merchant.store_id) as session:
        token = create_token(
            session, store_id=merchant.store_id, name=PANEL_TOKEN_NAME, scopes=SCOPES, now=now,
            expires_at=now + PANEL_TOKEN_LIFETIME,
        )
    file.touch(mode=0o600)
    file.write_text(token)
    return token


def _speaks_for(database: Database, token: str, store_id: UUID) -> bool:
    with database.anonymous_session() as session:
        try:
            return get_token(session, token=token).store_id == store_id
        except TokenUnknown:
            return False
