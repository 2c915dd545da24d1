"""Reads of access. Before a tenant is known they go through the owner's functions only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.access.errors import TokenUnknown
from oltp.access.rules import hash_secret


@dataclass(frozen=True)
class TokenHolder:
    """What a valid token stands for."""

    token_id: UUID
    store_id: UUID
    scopes: frozenset[str]


def get_token(session: Session, *, token: str) -> TokenHolder:
    """Return what the plain `token` stands for. Errors: TokenUnknown (also expired, revoked, store deleted)."""
    row = session.execute(
        text("SELECT token_id, store_id, scopes FROM find_token(:hash)"), {"hash": hash_secret(token)}).one_or_none()
    if row is None:
        raise TokenUnknown()
    return TokenHolder(row.token_id, row.store_id, frozenset(row.scopes))
