"""Reads of access. Before a tenant is known they go through the owner's functions only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from oltp.access.errors import TokenUnknown
from oltp.access.rules import hash_secret


@dataclass(frozen=True)
class TokenHolder:
    """What a valid token stands for."""

    token_id: UUID
    store_id: UUID
    scopes: frozenset[str]


def get_token(session: Session | Connection, *, token: str) -> TokenHolder:
    """Return what the plain `token` stands for. Errors: TokenUnknown (also expired, revoked, store deleted)."""
    row = session.execute(
        text("SELECT token_id, store_id, scopes FROM find_token(:hash)"), {"hash": hash_secret(token)}).one_or_none()
    if row is None:
        raise TokenUnknown()
    return TokenHolder(row.token_id, row.store_id, frozenset(row.scopes))


@dataclass(frozen=True)
class StoreChoice:
    """A store a user may look at, and their role in its organization."""

    store_id: UUID
    name: str
    slug: str
    role: str


def find_session_user(session: Session, *, secret: str) -> UUID | None:
    """Return whose signed-in browser carries `secret`, or None when it is unknown or expired."""
    user_id: UUID | None = session.scalar(text("SELECT find_session_user(:hash)"), {"hash": hash_secret(secret)})
    return user_id


def list_stores_of_user(session: Session, *, user_id: UUID) -> list[StoreChoice]:
    """Return the stores of the user's organizations, by name. A user has a handful, so there are no pages."""
    rows = session.execute(text("SELECT store_id, name, slug, role::text FROM stores_of_user(:who)"), {"who": user_id})
    return [StoreChoice(row.store_id, row.name, row.slug, row.role) for row in rows]
