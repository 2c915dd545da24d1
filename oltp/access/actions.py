"""Writes of access: API tokens and sign-in links. A plain secret is returned once and never stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.access.errors import InvalidTokenName, UserUnknown
from oltp.access.models import ApiToken, VerificationToken
from oltp.access.rules import check_scopes, hash_secret, new_secret


def create_token(session: Session, *, store_id: UUID, name: str, scopes: Sequence[str], now: datetime,
                 expires_at: datetime | None = None) -> str:
    """Create an API token of the store and return it in plain text, this once.

    Errors: InvalidScope, InvalidTokenName.
    """
    if not 1 <= len(name) <= 200:
        raise InvalidTokenName(field="name")
    secret = new_secret()
    session.add(ApiToken(store_id=store_id, name=name, token_hash=hash_secret(secret), scopes=check_scopes(scopes),
                         created_at=now, expires_at=expires_at))
    session.flush()
    return secret


def create_sign_in_link(session: Session, *, email: str, now: datetime, lifetime: timedelta) -> str:
    """Create a one-time sign-in token for the user with this e-mail and return it in plain text, this once.

    `session` must be the owner's: nobody else may write sign-in tokens. Errors: UserUnknown.
    """
    known = session.scalar(text("SELECT email FROM users WHERE email = :email"),
                           {"email": email})
    if known is None:
        raise UserUnknown(field="email")
    secret = new_secret()
    session.add(VerificationToken(identifier=email, token=hash_secret(secret), expires=now + lifetime))
    session.flush()
    return secret


def redeem_sign_in(session: Session, *, token: str, expires_at: datetime) -> str | None:
    """Use up a sign-in token and return the secret of the new browser session, this once; None if it is not valid.

    Of two who redeem the same link at once, one gets a session.
    """
    secret = new_secret()
    user_id = session.scalar(
        text("SELECT redeem_sign_in(:token, :session, :expires)"),
        {"token": hash_secret(token), "session": hash_secret(secret), "expires": expires_at})
    return None if user_id is None else secret


def end_session(session: Session, *, secret: str) -> None:
    """Sign the browser out that carries `secret`; an unknown one is no error."""
    session.execute(text("SELECT end_session(:hash)"), {"hash": hash_secret(secret)})
